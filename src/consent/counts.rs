//! Counts by category.

use super::Category;

/// How many things of each category there were, and how many that nobody has named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CategoryCounts([u32; Self::CELLS.len()]);

impl CategoryCounts {
    /// What is counted, in the order of the counts; `None` is what nobody has named.
    pub const CELLS: [Option<Category>; 5] = [
        Some(Category::Necessary),
        Some(Category::Functional),
        Some(Category::Analytical),
        Some(Category::Marketing),
        None,
    ];

    /// The place of a category among [`CategoryCounts::CELLS`].
    pub const fn place(category: Option<Category>) -> usize {
        match category {
            Some(category) => category as usize,
            None => Self::CELLS.len() - 1,
        }
    }

    /// Counts one.
    pub fn add(&mut self, category: Option<Category>) {
        let count = &mut self.0[Self::place(category)];
        *count = count.saturating_add(1);
    }

    /// How many of this category.
    pub fn of(&self, category: Option<Category>) -> u32 {
        self.0[Self::place(category)]
    }

    /// The counts that are not nought.
    pub fn iter(&self) -> impl Iterator<Item = (Option<Category>, u32)> {
        Self::CELLS.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_category_has_a_place_of_its_own() {
        for (place, category) in CategoryCounts::CELLS.into_iter().enumerate() {
            assert_eq!(CategoryCounts::place(category), place);
            let mut counts = CategoryCounts::default();
            counts.add(category);
            assert_eq!(counts.iter().collect::<Vec<_>>(), [(category, 1)]);
        }
    }
}
