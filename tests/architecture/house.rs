//! What stands in `src/`: every file, the paths that it names, and its functions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::paths;

pub struct House {
    /// By path under `src`, without the ending: `service/sessions/login`, `store/mod`.
    pub files: BTreeMap<String, File>,
}

pub struct File {
    pub text: String,
    pub lines: usize,
    /// Every path that leads into this crate, from its root.
    pub paths: Vec<Vec<String>>,
    /// What the file hands on, by the name that it has here.
    exports: BTreeMap<String, Vec<String>>,
    pub functions: Vec<Function>,
}

/// A function of the program; tests within a file are left out.
pub struct Function {
    pub name: String,
    pub lines: usize,
    pub arguments: usize,
}

impl House {
    pub fn read() -> Self {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = BTreeMap::new();
        let mut folders = vec![src.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let name = path.strip_prefix(&src).unwrap().with_extension("");
                    let name = name.to_str().unwrap().replace('\\', "/");
                    let text = fs::read_to_string(&path).unwrap();
                    let read = File::read(&name, &text);
                    files.insert(name, read);
                }
            }
        }
        assert!(files.len() > 50, "only {} files were found", files.len());
        Self { files }
    }

    pub fn files_of(&self, floor: &str) -> impl Iterator<Item = &str> {
        let below = format!("{floor}/");
        let names = self.files.keys();
        names
            .filter(move |name| name.starts_with(&below))
            .map(String::as_str)
    }

    /// From file to file, wherever one names what another defines.
    pub fn arrows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().flat_map(move |(from, file)| {
            let to = file.paths.iter().filter_map(|path| self.file_of(path));
            to.filter(move |to| *to != from)
                .map(move |to| (from.as_str(), to))
        })
    }

    /// Each file that hands on a whole module by another path than that of its file, with the module.
    pub fn modules_handed_on(&self) -> impl Iterator<Item = (&str, String)> {
        self.files.iter().flat_map(move |(name, file)| {
            let modules = file.exports.values().map(|path| path.join("/"));
            let modules = modules.filter(|path| {
                self.files.contains_key(path) || self.files.contains_key(&format!("{path}/mod"))
            });
            modules.map(move |module| (name.as_str(), module))
        })
    }

    /// The file that defines what a path names; what a file hands on is followed.
    fn file_of(&self, path: &[String]) -> Option<&str> {
        let name = |length: usize| {
            let stem = path[..length].join("/");
            [format!("{stem}/mod"), stem]
                .into_iter()
                .find(|name| self.files.contains_key(name))
        };
        let (length, file) = (1..=path.len())
            .rev()
            .find_map(|length| name(length).map(|file| (length, file)))?;
        let exported = path
            .get(length)
            .and_then(|item| self.files[&file].exports.get(item));
        match exported {
            Some(further) if further != path => self.file_of(further),
            _ => self.files.get_key_value(&file).map(|(key, _)| key.as_str()),
        }
    }
}

impl File {
    pub fn read(name: &str, text: &str) -> Self {
        let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("src/{name}.rs: {error}"));
        let mut reader = paths::Reader::new(name);
        let mut exports = BTreeMap::new();
        let mut functions = Functions(Vec::new());
        for item in syntax.items.iter().filter(|item| !is_test(item)) {
            reader.visit_item(item);
            functions.visit_item(item);
            if let syn::Item::Use(item) = item
                && !matches!(item.vis, syn::Visibility::Inherited)
            {
                exports.extend(reader.exported(&item.tree));
            }
        }
        Self {
            text: text.to_owned(),
            lines: text.lines().count(),
            paths: reader.found,
            exports,
            functions: functions.0,
        }
    }
}

/// `mod tests` at the end of a file may look wherever it likes.
fn is_test(item: &syn::Item) -> bool {
    matches!(item, syn::Item::Mod(module) if module.ident == "tests")
}

struct Functions(Vec<Function>);

impl Functions {
    fn add(&mut self, signature: &syn::Signature, whole: proc_macro2::Span) {
        self.0.push(Function {
            name: signature.ident.to_string(),
            lines: whole.end().line - whole.start().line + 1,
            arguments: signature.inputs.len(),
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let body = function.sig.span().join(function.block.span());
        self.add(&function.sig, body.unwrap_or_else(|| function.block.span()));
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        let body = function.sig.span().join(function.block.span());
        self.add(&function.sig, body.unwrap_or_else(|| function.block.span()));
        visit::visit_impl_item_fn(self, function);
    }
}
