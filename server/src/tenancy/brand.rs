//! A tenant's accent: checked against both themes before it is stored, and as the style sheet that sets it.
//!
//! One colour serves both themes as a ground and a graphic. What stands on it, what it becomes under the pointer and what
//! is written in it follow from it here, so that a tenant cannot choose a page nobody can read.

use super::color::{Color, Oklch};

/// WCAG 2.2, SC 1.4.3: text.
const TEXT: f64 = 4.5;
/// WCAG 2.2, SC 1.4.11: what makes a control recognisable.
const GRAPHIC: f64 = 3.0;

/// The grounds of a theme in `style/tokens.css`; a test compares them.
struct Theme {
    grounds: [Oklch; 3],
    /// Text in the accent's hue gets darker or lighter until it can be read.
    ink_step: f64,
}

const fn oklch(lightness: f64, chroma: f64, hue: f64) -> Oklch {
    Oklch { lightness, chroma, hue }
}

const LIGHT: Theme =
    Theme { grounds: [oklch(0.98, 0.005, 85.0), oklch(0.96, 0.007, 85.0), oklch(0.93, 0.009, 85.0)], ink_step: -0.005 };
const DARK: Theme =
    Theme { grounds: [oklch(0.16, 0.015, 75.0), oklch(0.2, 0.014, 75.0), oklch(0.245, 0.014, 75.0)], ink_step: 0.005 };

/// What can stand on an accent.
const TEXTS: [Oklch; 2] = [oklch(0.16, 0.015, 75.0), oklch(0.99, 0.003, 85.0)];
/// How much lighter (under dark text) or darker an accent is under the pointer.
const HOVER_STEP: f64 = 0.045;

/// An accent that can be seen and read in both themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    color: Color,
    hover: Color,
    text: Color,
    ink_light: Color,
    ink_dark: Color,
}

/// Why a colour cannot be an accent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccentError {
    #[error("a colour is written #rrggbb or oklch(L C H)")]
    Unreadable,
    #[error("{color} cannot be told from the page or read in both themes; the nearest colour that can is {nearest}")]
    Contrast { color: Color, nearest: Color },
}

impl Accent {
    /// Reads and checks a colour.
    ///
    /// # Errors
    /// See [`AccentError`].
    pub fn parse(text: &str) -> Result<Self, AccentError> {
        let color = Color::parse(text).ok_or(AccentError::Unreadable)?;
        Self::of(color).ok_or_else(|| AccentError::Contrast { color, nearest: nearest(color) })
    }

    /// The accent with everything that follows from it; `None`: it cannot be one.
    fn of(color: Color) -> Option<Self> {
        let can_be_seen =
            |color: Color| [&LIGHT, &DARK].iter().all(|theme| theme.reads(color, GRAPHIC, &theme.grounds[..2]));
        if !can_be_seen(color) {
            return None;
        }
        TEXTS.iter().enumerate().find_map(|(place, text)| {
            let text = text.color();
            let shade = color.oklch();
            let step = if place == 0 { HOVER_STEP } else { -HOVER_STEP };
            let hover = Oklch { lightness: (shade.lightness + step).clamp(0.0, 1.0), ..shade }.color();
            let is_readable = text.contrast(color) >= TEXT && text.contrast(hover) >= TEXT;
            is_readable.then(|| Self { color, hover, text, ink_light: LIGHT.ink(shade), ink_dark: DARK.ink(shade) })
        })
    }

    /// As it is stored: `#rrggbb`.
    #[must_use]
    pub fn color(&self) -> String {
        self.color.to_string()
    }

    /// The style sheet: the accent's custom properties in both themes, and nothing else.
    #[must_use]
    pub fn css(&self) -> String {
        let Self { color, hover, text, ink_light, ink_dark } = self;
        let block = |ink: &Color| {
            format!("{{--accent:{color};--accent-hover:{hover};--accent-text:{text};--accent-ink:{ink}}}")
        };
        let (light, dark) = (block(ink_light), block(ink_dark));
        format!(":root{light}\n.dark{dark}\n@media (prefers-color-scheme:dark){{.system{dark}}}\n")
    }
}

impl Theme {
    fn reads(&self, color: Color, least: f64, grounds: &[Oklch]) -> bool {
        grounds.iter().all(|ground| color.contrast(ground.color()) >= least)
    }

    /// The first shade in the accent's hue that can be read on every ground; it ends at black or white, which can.
    fn ink(&self, accent: Oklch) -> Color {
        let mut shade = accent;
        loop {
            let color = shade.color();
            if self.reads(color, TEXT, &self.grounds) || !(0.0..=1.0).contains(&shade.lightness) {
                return color;
            }
            shade.lightness += self.ink_step;
        }
    }
}

/// The nearest lightness in the same hue that passes; greyer only when no lightness does.
fn nearest(color: Color) -> Color {
    const STEP: f64 = 0.005;
    const STEPS: i32 = 200;
    let shade = color.oklch();
    for share in [1.0, 0.75, 0.5, 0.25, 0.0] {
        for distance in 1..=STEPS {
            for sign in [-1.0, 1.0] {
                let lightness = shade.lightness + sign * f64::from(distance) * STEP;
                let candidate = Oklch { lightness, chroma: shade.chroma * share, ..shade }.color();
                if (0.0..=1.0).contains(&lightness) && Accent::of(candidate).is_some() {
                    return candidate;
                }
            }
        }
    }
    // Steward's own passes; the loop above has found a grey long before.
    oklch(0.62, 0.16, 45.0).color()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: &str = include_str!("../../../style/tokens.css");

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        for (selector, theme) in [(":root {", &LIGHT), (".dark {", &DARK)] {
            let block = TOKENS.split(selector).nth(1).expect("the block");
            for (name, ground) in ["--bg", "--surface", "--surface-2"].iter().zip(theme.grounds) {
                let line = block.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: "))).expect("it");
                assert_eq!(Color::parse(line.trim_end_matches(';')), Some(ground.color()), "{name} of {selector}");
            }
        }
    }

    #[test]
    fn stewards_own_accent_passes() {
        let accent = Accent::parse("oklch(.62 .16 45)").expect("an accent");
        assert_eq!(Accent::parse(&accent.color()), Ok(accent), "what is stored is read again");
    }

    #[test]
    fn what_cannot_be_seen_is_refused_with_what_could() {
        for extreme in ["#ffffff", "#000000", "#ffff00", "#00ff00", "#000080", "#fafafa", "oklch(.98 .005 85)"] {
            let Err(AccentError::Contrast { nearest, .. }) = Accent::parse(extreme) else { panic!("{extreme} passes") };
            assert!(Accent::parse(&nearest.to_string()).is_ok(), "{extreme}: {nearest}");
        }
        assert_eq!(Accent::parse("red"), Err(AccentError::Unreadable));
    }

    #[test]
    fn the_sheet_holds_custom_properties_of_both_themes_and_nothing_else() {
        let css = Accent::parse("#0f766e").map_or_else(|error| panic!("{error}"), |accent| accent.css());
        assert_eq!(css.matches("--accent:").count(), 3, "{css}");
        for forbidden in ["url", "@import", "<", "http"] {
            assert!(!css.contains(forbidden), "{css}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_passes_can_be_read_everywhere(rgb: [u8; 3]) {
            let accent = match Accent::parse(&Color(rgb).to_string()) {
                Ok(accent) => accent,
                Err(AccentError::Contrast { nearest, .. }) => Accent::of(nearest).expect("the nearest one passes"),
                Err(AccentError::Unreadable) => panic!("it is a colour"),
            };
            for (theme, ink) in [(&LIGHT, accent.ink_light), (&DARK, accent.ink_dark)] {
                proptest::prop_assert!(theme.reads(accent.color, GRAPHIC, &theme.grounds[..2]));
                proptest::prop_assert!(theme.reads(ink, TEXT, &theme.grounds));
            }
            proptest::prop_assert!(accent.text.contrast(accent.color) >= TEXT);
            proptest::prop_assert!(accent.text.contrast(accent.hover) >= TEXT);
        }
    }
}
