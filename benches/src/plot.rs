//! A plot as an SVG file, both axes logarithmic.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
const COLOURS: [&str; 5] = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e6c00", "#6c3483"];

/// A line of a plot.
pub struct Line {
    /// As in the legend.
    pub name: &'static str,
    /// Where it passes, all above zero.
    pub points: Vec<(f64, f64)>,
}

/// The range of an axis, widened to the next 1, 2 or 5 times a power of ten, and the marks on it.
fn marks(values: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let most = values.fold(0.0, f64::max);
    let all = (-1..9).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
    let all: Vec<f64> = all.collect();
    let from = all.iter().rposition(|mark| *mark <= least).unwrap_or(0);
    let to = all.iter().position(|mark| *mark >= most).unwrap_or(all.len() - 1);
    all.get(from..=to).unwrap_or_default().to_vec()
}

/// Draws lines under a title.
pub fn plot(title: &str, x_title: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| line.points.iter().copied());
    let (x_marks, y_marks) = (marks(points().map(|p| p.0)), marks(points().map(|p| p.1)));
    let scale = |marks: &[f64], value: f64| {
        let (from, to) = (marks.first().copied(), marks.last().copied());
        let (from, to) = (from.unwrap_or(1.0).ln(), to.unwrap_or(10.0).ln());
        (value.ln() - from) / (to - from).max(f64::MIN_POSITIVE)
    };
    let x_of = |value| LEFT + scale(&x_marks, value) * (WIDTH - LEFT - RIGHT);
    let y_of = |value| HEIGHT - BOTTOM - scale(&y_marks, value) * (HEIGHT - TOP - BOTTOM);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\">{title}</text>\n"
    );
    let bottom = HEIGHT - BOTTOM;
    for mark in &x_marks {
        let x = x_of(*mark);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{mark}</text>",
            bottom + 18.0
        );
    }
    let right = WIDTH - RIGHT;
    for mark in &y_marks {
        let y = y_of(*mark);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{mark}</text>",
            LEFT - 6.0,
            y + 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x_title}</text>",
        f64::midpoint(LEFT, right),
        HEIGHT - 12.0
    );
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let mut path = String::new();
        for (i, (x, y)) in line.points.iter().enumerate() {
            let letter = if i == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{:.1} {:.1}", x_of(*x), y_of(*y));
        }
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
        if let Some((_, y)) = line.points.last() {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>",
                right + 8.0,
                y_of(*y) + 4.0,
                line.name
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}
