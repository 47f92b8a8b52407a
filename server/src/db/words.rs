//! Words in columns: what an enum is called there.

/// Gives an enum `as_str` and back (`FromStr`) from one table; the text is what is wrong with any other word.
macro_rules! words {
    ($kind:ident, $wrong:literal, { $($variant:ident = $word:literal,)+ }) => {
        impl $kind {
            /// As it is stored.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::str::FromStr for $kind {
            type Err = &'static str;
            fn from_str(s: &str) -> std::result::Result<Self, Self::Err> {
                match s {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($wrong),
                }
            }
        }
    };
}

pub(in crate::db) use words;
