//! Paths into this crate, as a file's syntax has them: in `use`, in code, in macros.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

pub struct Reader {
    module: Vec<String>,
    /// `main.rs` is a crate of its own, which knows this one by its name.
    is_main: bool,
    /// The modules that this file declares, which it may name without any prefix.
    children: Vec<String>,
    pub found: Vec<Vec<String>>,
}

impl Reader {
    pub fn new(file: &str) -> Self {
        Self {
            module: module_of(file),
            is_main: file == "main",
            children: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Names that a `use` tree hands on, with what they stand for.
    pub fn exported(&self, tree: &syn::UseTree) -> Vec<(String, Vec<String>)> {
        let mut flat = Vec::new();
        flatten(tree, Vec::new(), &mut flat);
        flat.into_iter()
            .filter_map(|(path, name)| Some((name, self.rooted(&path)?)))
            .collect()
    }

    /// The path from the crate's root; `None` where it leads elsewhere.
    fn rooted(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, mut rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "keyward" if self.is_main => Vec::new(),
            "self" => self.module.clone(),
            "super" => {
                let mut base = self.module.clone();
                base.pop();
                while let Some(("super", further)) =
                    rest.split_first().map(|(word, rest)| (word.as_str(), rest))
                {
                    base.pop();
                    rest = further;
                }
                base
            }
            child if self.children.iter().any(|known| known == child) => {
                let mut base = self.module.clone();
                base.push(child.to_owned());
                base
            }
            _ => return None,
        };
        base.extend(rest.iter().filter(|word| *word != "self").cloned());
        Some(base)
    }

    fn add(&mut self, path: &[String]) {
        if path.len() > 1
            && let Some(path) = self.rooted(path)
        {
            self.found.push(path);
        }
    }

    /// Macros are tokens: every run of words between `::`.
    fn tokens(&mut self, stream: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in stream {
            match token {
                TokenTree::Ident(word) => {
                    if colons != 2 {
                        self.add(&std::mem::take(&mut path));
                        path.clear();
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    self.add(&std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.add(&path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.children.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut flat = Vec::new();
        flatten(&item.tree, Vec::new(), &mut flat);
        for (path, _) in flat {
            self.add(&path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.add(&words);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }

    /// `pub(in crate::http)` says who may see an item, and is no arrow.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

fn flatten(tree: &syn::UseTree, mut path: Vec<String>, flat: &mut Vec<(Vec<String>, String)>) {
    match tree {
        syn::UseTree::Path(step) => {
            path.push(step.ident.to_string());
            flatten(&step.tree, path, flat);
        }
        syn::UseTree::Name(name) => {
            path.push(name.ident.to_string());
            flat.push((path, name.ident.to_string()));
        }
        syn::UseTree::Rename(name) => {
            path.push(name.ident.to_string());
            flat.push((path, name.rename.to_string()));
        }
        syn::UseTree::Glob(_) => {
            path.push("*".to_owned());
            flat.push((path, "*".to_owned()));
        }
        syn::UseTree::Group(group) => {
            for item in &group.items {
                flatten(item, path.clone(), flat);
            }
        }
    }
}

fn module_of(file: &str) -> Vec<String> {
    let file = file.strip_suffix("/mod").unwrap_or(file);
    let file = if matches!(file, "lib" | "main") {
        ""
    } else {
        file
    };
    let parts = file.split('/').filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// That the reader sees what is there: every way to write a path.
#[test]
fn paths_are_found_however_they_are_written() {
    let text = r##"
        //! crate::http is only named here
        use crate::store::{self, Url, migrations::{up, down as undo}};
        use super::context::Keyward; /* crate::cli */
        pub(super) use self::inner::*;
        pub(in crate::app) mod inner;
        fn f<'a>(e: crate::domain::id::AccountId) -> &'a str {
            let c = '"'; let s = "crate::app \" crate::app"; let r = r#"crate::app"#;
            on_each!(db, crate::support::clock::f(inner::g(), 1));
            inner::h();
            super::super::config::read(e)
        }
    "##;
    let read = crate::house::File::read("service/login", text);
    let found: Vec<String> = read.paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(
        found,
        [
            "store",
            "store::Url",
            "store::migrations::up",
            "store::migrations::down",
            "service::context::Keyward",
            "service::login::inner::*",
            "domain::id::AccountId",
            "support::clock::f",
            "service::login::inner::g",
            "service::login::inner::h",
            "config::read",
        ]
    );
    assert_eq!(read.functions.len(), 1);
    assert_eq!(
        (read.functions[0].lines, read.functions[0].arguments),
        (6, 1)
    );
}
