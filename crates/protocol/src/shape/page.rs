use domain::Paged;

/// Which page is asked for.
pub fn ask(limit: Option<u32>, after: Option<String>) -> domain::Page {
    domain::Page { limit: limit.map(|limit| limit as usize), after }
}

/// A page on the wire.
pub fn page<T, U>(paged: Paged<T>, shape: impl FnMut(T) -> U) -> crate::Page<U> {
    crate::Page { items: paged.items.into_iter().map(shape).collect(), next: paged.next }
}
