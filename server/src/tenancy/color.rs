//! Colours as a tenant writes them, and how well they can be told apart.
//!
//! Contrast as in WCAG 2.2 (relative luminance); OKLCH by Björn Ottosson's matrices. What OKLCH can say and a screen
//! cannot show is clipped per channel, as `app/tests/contrast.rs` does.

use std::fmt;

/// A colour of a screen: sRGB, 8 bits a channel. Displays as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub [u8; 3]);

/// Lightness 0–1, chroma, hue in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oklch {
    pub lightness: f64,
    pub chroma: f64,
    pub hue: f64,
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Color {
    /// `#rrggbb` or `oklch(L C H)` with plain numbers (a lightness may be a percentage); nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if let Some(digits) = text.strip_prefix('#') {
            return Self::from_hex(digits);
        }
        let parts = text.strip_prefix("oklch(")?.strip_suffix(')')?;
        let mut numbers = parts.split_whitespace();
        let lightness = match numbers.next()? {
            percent if percent.ends_with('%') => number(percent.trim_end_matches('%'))? / 100.0,
            plain => number(plain)?,
        };
        let (chroma, hue) = (number(numbers.next()?)?, number(numbers.next()?.trim_end_matches("deg"))?);
        let is_sane = numbers.next().is_none() && (0.0..=1.0).contains(&lightness) && (0.0..=0.5).contains(&chroma);
        is_sane.then(|| Oklch { lightness, chroma, hue: hue.rem_euclid(360.0) }.color())
    }

    fn from_hex(digits: &str) -> Option<Self> {
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let channel = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([channel(0)?, channel(2)?, channel(4)?]))
    }

    fn linear(self) -> [f64; 3] {
        self.0.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// WCAG's relative luminance, 0–1.
    #[must_use]
    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// WCAG's contrast ratio, 1–21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance() + 0.05, other.luminance() + 0.05);
        if one > other { one / other } else { other / one }
    }

    #[must_use]
    pub fn oklch(self) -> Oklch {
        let [red, green, blue] = self.linear();
        let l = (0.412_221_470_8 * red + 0.536_332_536_3 * green + 0.051_445_992_9 * blue).cbrt();
        let m = (0.211_903_498_2 * red + 0.680_699_545_1 * green + 0.107_396_956_6 * blue).cbrt();
        let s = (0.088_302_461_9 * red + 0.281_718_837_6 * green + 0.629_978_700_5 * blue).cbrt();
        let lightness = 0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s;
        let a = 1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s;
        let b = 0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s;
        Oklch { lightness, chroma: a.hypot(b), hue: b.atan2(a).to_degrees().rem_euclid(360.0) }
    }
}

impl Oklch {
    /// The colour a screen shows for it.
    #[must_use]
    pub fn color(self) -> Color {
        let (a, b) = (self.chroma * self.hue.to_radians().cos(), self.chroma * self.hue.to_radians().sin());
        let l = (self.lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let m = (self.lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let s = (self.lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
        let linear = [
            4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
            -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
            -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
        ];
        Color(linear.map(|value| {
            let value = value.clamp(0.0, 1.0);
            let encoded = if value <= 0.003_130_8 { 12.92 * value } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
            // Within 0–255 by the clamp above.
            (encoded * 255.0).round() as u8
        }))
    }
}

fn number(text: &str) -> Option<f64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_are_read() {
        assert_eq!(Color::parse("#C8643a"), Some(Color([0xc8, 0x64, 0x3a])));
        let steward = Color::parse("oklch(.62 .16 45)").expect("a colour");
        assert_eq!(Color::parse("OKLCH(62% 0.16 45deg)"), Some(steward));
        for wrong in [
            "",
            "#fff",
            "#12345g",
            "red",
            "oklch(.6 .1)",
            "oklch(.6 .1 20 / .5)",
            "oklch(2 .1 20)",
            "oklch(.5 9 20)",
            "oklch(-1 0 0)",
            "oklch(nan 0 0)",
            "oklch(.5 .1 1e999)",
            "#ééé",
            "}body{",
        ] {
            assert_eq!(Color::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_textbook() {
        let (black, white) = (Color([0; 3]), Color([255; 3]));
        assert!((black.contrast(white) - 21.0).abs() < 0.001);
        assert!((Color([0x76; 3]).contrast(white) - 4.54).abs() < 0.01);
    }

    proptest::proptest! {
        #[test]
        fn a_colour_survives_the_way_through_oklch(rgb: [u8; 3]) {
            proptest::prop_assert_eq!(Color(rgb).oklch().color(), Color(rgb));
        }
        #[test]
        fn whatever_is_read_is_written_and_read_again(text in "(#[0-9a-f]{6}|oklch\\([0-9. ]{0,12}\\)|.{0,10})") {
            if let Some(color) = Color::parse(&text) {
                proptest::prop_assert_eq!(Color::parse(&color.to_string()), Some(color));
            }
        }
    }
}
