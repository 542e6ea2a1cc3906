//! Numbers for the addresses that a trace shows: an address differs from run to run, a report must not.
//!
//! A command formats its operands and result without access to the trace in which they are shown. So a
//! pointer is formatted as its type and its address between two marks, and the trace replaces the marked text
//! by a number: the k-th address of that type to be shown. Memory that is freed and allocated again at one
//! address has one number.

/// Characters that are never part of a name.
const BEGIN: char = '\u{e000}';
const END: char = '\u{e001}';
/// Addresses below this are numbers that a program stores in a pointer: no system maps them.
const LOWEST: usize = 1 << 16;
/// The low bits that alignment leaves for tags.
const TAG: usize = 0b111;

/// A pointer to a `T`, for [`Addresses::name`].
pub(crate) fn shown<T>(address: usize) -> String {
    match address {
        0 => "null".to_owned(),
        _ if address < LOWEST => format!("{address:#x} as *mut {}", short(std::any::type_name::<T>())),
        _ => {
            let (memory, tag) = (address & !TAG, address & TAG);
            let tag = if tag == 0 { String::new() } else { format!("+{tag}") };
            format!("&{}{BEGIN}{memory:x}{END}{tag}", short(std::any::type_name::<T>()))
        }
    }
}

/// A type's name without the paths in it.
fn short(name: &str) -> String {
    let mut text = String::new();
    for part in name.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
        text.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    text
}

/// The addresses that one trace has shown, each with its type.
#[derive(Debug, Default)]
pub(crate) struct Addresses(Vec<(String, String)>);

impl Addresses {
    /// The text with numbers in place of addresses.
    pub(crate) fn name(&mut self, text: &str) -> String {
        replace(text, |of, address| {
            let place = self.0.iter().position(|(t, a)| t == of && a == address).unwrap_or_else(|| {
                self.0.push((of.to_owned(), address.to_owned()));
                self.0.len() - 1
            });
            let number = self.0[..=place].iter().filter(|(t, _)| t == of).count();
            format!("#{number}")
        })
    }
}

/// The text without its addresses.
pub(crate) fn without(text: &str) -> String {
    replace(text, |_, _| String::new())
}

/// The text with each address replaced by the result of `by`, which is called with the type's name and the
/// address.
fn replace(text: &str, mut by: impl FnMut(&str, &str) -> String) -> String {
    let mut parts = text.split(BEGIN);
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (address, rest) = part.split_once(END).unwrap_or((part, ""));
        let of = named.rfind('&').map_or("", |at| &named[at..]).to_owned();
        named.push_str(&by(&of, address));
        named.push_str(rest);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_named_by_its_type_and_when_it_was_first_shown() {
        let mut addresses = Addresses::default();
        let (one, other) = (shown::<String>(0x7f00_0000), shown::<String>(0x7f00_0010));
        let exchange = format!("({one}, {other}) → Ok({one})");
        assert_eq!(addresses.name(&exchange), "(&String#1, &String#2) → Ok(&String#1)");
        assert_eq!(addresses.name(&shown::<u8>(0x7f00_0000)), "&u8#1");
        assert_eq!(addresses.name(&shown::<String>(0x7f00_0011)), "&String#2+1");
        assert_eq!(without(&exchange), "(&String, &String) → Ok(&String)");
    }

    #[test]
    fn what_is_no_address_shows_as_it_is() {
        assert_eq!(shown::<u8>(0), "null");
        assert_eq!(shown::<Vec<String>>(3), "0x3 as *mut Vec<String>");
        assert_eq!(without("(1) → 2"), "(1) → 2");
    }
}
