//! A page of a list. One row more is read than is shown: it tells whether another page follows, where a
//! full page alone would promise one that is empty.

pub struct Page<T> {
    pub rows: Vec<T>,
    more: bool,
}

impl<T> Page<T> {
    /// Of rows of which one more than `most` was asked for.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, most: usize) -> Self {
        let more = rows.len() > most;
        rows.truncate(most);
        Self { rows, more }
    }

    /// The row that the next page comes after; none where no page follows.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.rows.last().filter(|_| self.more)
    }
}
