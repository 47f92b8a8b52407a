//! The colours of `style/tokens.css`: every text can be read on every ground it stands on, in both themes.
//!
//! Contrast as in WCAG 2.2 (SC 1.4.3 and 1.4.11); OKLCH to linear sRGB by Björn Ottosson's matrices, clipped to the gamut.

#![expect(clippy::expect_used, reason = "tests: a broken fixture should fail loudly")]

use std::collections::BTreeMap;

use app::document::THEME_COLORS;

const TOKENS: &str = include_str!("../../style/tokens.css");

/// WCAG: body text.
const TEXT: f64 = 4.5;
/// WCAG: what makes a control or a graphic recognisable.
const GRAPHIC: f64 = 3.0;

/// Foreground, grounds, least contrast.
const PAIRS: &[(&str, &[&str], f64)] = &[
    ("--text", &["--bg", "--surface", "--surface-2", "--danger-bg", "--ok-bg", "--warn-bg"], TEXT),
    ("--text-muted", &["--bg", "--surface", "--surface-2"], TEXT),
    ("--accent-ink", &["--bg", "--surface", "--surface-2"], TEXT),
    ("--accent-text", &["--accent", "--accent-hover"], TEXT),
    ("--danger", &["--bg", "--surface", "--surface-2", "--danger-bg"], TEXT),
    ("--ok", &["--bg", "--surface", "--surface-2", "--ok-bg"], TEXT),
    ("--warn", &["--bg", "--surface", "--surface-2", "--warn-bg"], TEXT),
    ("--code-blue", &["--surface"], TEXT),
    ("--code-violet", &["--surface"], TEXT),
    ("--border-strong", &["--bg", "--surface"], GRAPHIC),
    ("--accent", &["--bg", "--surface"], GRAPHIC),
    ("--chart-1", &["--bg", "--surface"], GRAPHIC),
    ("--chart-2", &["--bg", "--surface"], GRAPHIC),
    ("--chart-3", &["--bg", "--surface"], GRAPHIC),
    ("--chart-4", &["--bg", "--surface"], GRAPHIC),
    ("--chart-5", &["--bg", "--surface"], GRAPHIC),
    ("--chart-6", &["--bg", "--surface"], GRAPHIC),
    ("--chart-7", &["--bg", "--surface"], GRAPHIC),
    ("--chart-8", &["--bg", "--surface"], GRAPHIC),
];

/// The least distance between two series of a chart in OKLab; about 0.02 is what an eye just notices side by side.
const APART: f64 = 0.12;

type Colors = BTreeMap<String, [f64; 3]>;

/// The `oklch` colours of the block that follows `selector`.
fn colors(selector: &str) -> Colors {
    let block = TOKENS.split(&format!("{selector} {{")).nth(1).expect("the block");
    let block = &block[..block.find('}').expect("its end")];
    let mut found = Colors::new();
    for line in block.lines() {
        let Some((name, value)) = line.trim().trim_end_matches(';').split_once(": ") else { continue };
        let Some(parts) = value.strip_prefix("oklch(").and_then(|rest| rest.strip_suffix(')')) else { continue };
        let numbers = parts.split(' ').map(|part| part.parse().expect("a number")).collect::<Vec<f64>>();
        found.insert(name.to_owned(), numbers.try_into().expect("lightness, chroma, hue"));
    }
    found
}

fn linear_srgb([lightness, chroma, hue]: [f64; 3]) -> [f64; 3] {
    let (a, b) = (chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin());
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
    ]
    .map(|channel| channel.clamp(0.0, 1.0))
}

fn luminance(color: [f64; 3]) -> f64 {
    let [red, green, blue] = linear_srgb(color);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    if one > other { one / other } else { other / one }
}

fn hex(color: [f64; 3]) -> String {
    let encode = |c: f64| if c <= 0.003_130_8 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
    let bytes = linear_srgb(color).map(|channel| (encode(channel) * 255.0).round());
    format!("#{:02x}{:02x}{:02x}", bytes[0] as u8, bytes[1] as u8, bytes[2] as u8)
}

#[test]
fn contrast_is_computed_as_everybody_does() {
    let (black, white) = ([0.0, 0.0, 0.0], [1.0, 0.0, 0.0]);
    assert!((contrast(black, white) - 21.0).abs() < 0.01);
    // #767676 on white is the textbook 4.54.
    let grey = [0.5659, 0.0, 0.0];
    assert_eq!(hex(grey), "#767676");
    assert!((contrast(grey, white) - 4.54).abs() < 0.02);
}

#[test]
fn every_text_can_be_read_in_both_themes() {
    for theme in [":root", ".dark"] {
        let colors = colors(theme);
        let mut lowest = (f64::MAX, "", "");
        for (foreground, grounds, least) in PAIRS {
            for ground in *grounds {
                let found = contrast(colors[*foreground], colors[*ground]);
                assert!(found >= *least, "{theme}: {foreground} on {ground} has {found:.2}, not {least}");
                if *least == TEXT && found < lowest.0 {
                    lowest = (found, foreground, ground);
                }
            }
        }
        println!("{theme}: the lowest text contrast is {:.2} ({} on {})", lowest.0, lowest.1, lowest.2);
    }
}

#[test]
fn the_series_of_a_chart_can_be_told_apart() {
    let lab = |[lightness, chroma, hue]: [f64; 3]| {
        [lightness, chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin()]
    };
    for theme in [":root", ".dark"] {
        let colors = colors(theme);
        let series: Vec<[f64; 3]> = (1..=8).map(|place| lab(colors[&format!("--chart-{place}")])).collect();
        for (place, one) in series.iter().enumerate() {
            for (other_place, other) in series.iter().enumerate().skip(place + 1) {
                let squares = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
                let distance = squares.sqrt();
                assert!(distance >= APART, "{theme}: {} and {} are {distance:.3} apart", place + 1, other_place + 1);
            }
        }
    }
}

#[test]
fn every_colour_of_a_text_is_checked() {
    let in_pairs =
        |name: &str| PAIRS.iter().any(|(foreground, grounds, _)| *foreground == name || grounds.contains(&name));
    // Lines between things carry no meaning.
    let unchecked =
        colors(":root").into_keys().filter(|name| name != "--border" && !in_pairs(name)).collect::<Vec<_>>();
    assert!(unchecked.is_empty(), "{unchecked:?} are in no pair");
}

#[test]
fn dark_is_the_same_chosen_or_by_the_device() {
    assert_eq!(colors(".dark"), colors(".system"));
    assert_eq!(colors(".dark").len(), colors(":root").len(), "both themes name the same colours");
}

#[test]
fn the_browsers_frame_has_the_pages_ground() {
    assert_eq!(
        (hex(colors(":root")["--bg"]), hex(colors(".dark")["--bg"])),
        (THEME_COLORS.0.to_owned(), THEME_COLORS.1.to_owned())
    );
}
