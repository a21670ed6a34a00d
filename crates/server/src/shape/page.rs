use engine::Paged;

/// Which page is asked for.
pub(crate) fn ask(limit: Option<u32>, after: Option<String>) -> engine::Page {
    engine::Page { limit: limit.map(|limit| limit as usize), after }
}

/// A page on the wire.
pub(crate) fn page<T, U>(paged: Paged<T>, shape: impl FnMut(T) -> U) -> protocol::Page<U> {
    protocol::Page { items: paged.items.into_iter().map(shape).collect(), next: paged.next }
}
