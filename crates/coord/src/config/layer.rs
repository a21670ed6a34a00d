use super::node::{Node, Value, key_in};

impl Node {
    /// Lays `over` on this one: maps are joined, everything else is replaced. A section that is left empty in a file
    /// (`limits:` with every line commented out) says nothing.
    pub(super) fn lay(&mut self, over: Self) {
        match (&mut self.value, over.value) {
            // Where keys or a list are wanted, a variable's YAML is what it stands for.
            (Value::Map(_) | Value::List(_), Value::Variable { yaml: Ok(node), .. }) => self.lay(*node),
            (Value::Map(_) | Value::List(_), Value::Null) => {}
            (Value::Map(under), Value::Map(over)) => {
                for (name, node) in over {
                    match under.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => known.lay(node),
                        None => under.push((name, node)),
                    }
                }
            }
            (value, over_value) => {
                *value = over_value;
                self.origin = over.origin;
            }
        }
    }

    /// Takes the value of a dotted key out and returns whether there was one.
    pub(super) fn take(&mut self, key: &str) -> bool {
        self.take_in("", key)
    }

    fn take_in(&mut self, own: &str, key: &str) -> bool {
        match &mut self.value {
            Value::Map(entries) => {
                let before = entries.len();
                entries.retain(|(name, _)| key_in(own, name) != key);
                before != entries.len() || entries.iter_mut().any(|(name, node)| node.take_in(&key_in(own, name), key))
            }
            Value::List(items) => {
                let at = (0..items.len()).find(|at| format!("{own}[{at}]") == key);
                if let Some(at) = at {
                    items.remove(at);
                    return true;
                }
                items.iter_mut().enumerate().any(|(at, node)| node.take_in(&format!("{own}[{at}]"), key))
            }
            _ => false,
        }
    }
}
