"use strict";
// Shows an explanation, what `Explanation.to_page` gives: the answer first, then the picture, then the details.
// Needs picture.js and save.js.

const PREDICTIONS = [
  ["probabilities", "final (Eq. 15)"],
  ["fused_probabilities", "fused (Eq. 10)"],
  ["text_probabilities", "words alone (Eq. 11)"],
  ["audio_probabilities", "voice alone (Eq. 12)"],
  ["calibrated_probabilities", "final, calibrated"],
];
const HOW_SURE = [[0.9, "Very sure"], [0.7, "Fairly sure"], [0.5, "Not very sure"], [0, "Unsure"]];
const WORDS_FROM = {
  alignment: "words and times from an alignment",
  transcript: "from the transcript",
  recognition: "recognized; some words may be wrong",
};
const MOST_BARS = 8, MOST_CHARACTERS = 400;

function drawExplanation(place, data, level = 2) {
  const section = element("section", { class: "utterance" });
  place.append(section);
  if (level) section.append(element(`h${level}`, {}, data.name));
  section.append(answerOf(data), said(data));
  const picture = new Picture(section, data);
  section.append(details("All probabilities and equations", predictionsTable(data)),
    details("Words as a table", wordsTable(data)), details("What attention means", element("p", {}, ATTENTION)),
    saving(data, picture));
  return picture;
}

const ATTENTION = "Attention shows which words each head weighted most; a high weight does not mean that the word caused " +
  "the prediction. Each row sums to 1 and is shaded relative to its maximum. Silence is divided between the neighboring words.";

function details(title, ...children) {
  return element("details", {}, element("summary", {}, title), ...children);
}

function wordOf(data, label) {
  return data.emotions[label].word;
}

function percent(share) {
  return `${Math.round(100 * share)}%`;
}

function bestOf(shares) {
  return Object.keys(shares).reduce((best, label) => (shares[label] > shares[best] ? label : best));
}

function colored(made, data, label) {
  made.style.setProperty("--color", data.emotions[label].color);
  return made;
}

function howSure(data) {
  return HOW_SURE.find(([least]) => data.confidence >= least)[1];
}

// What is read first: the emotion, how sure, and what voice and words each say.
function answerOf(data) {
  const swatch = colored(element("span", { class: "swatch", "aria-hidden": "true" }), data, data.label);
  const first = element("div", {},
    element("p", { class: "emotion" }, swatch, wordOf(data, data.label)),
    element("p", { class: "sure" }, sureness(data)),
    element("ul", { class: "says" }, ...sentences(data).map((parts) => element("li", {}, ...parts))));
  return element("div", { class: "answer" }, first, shares(data));
}

function sureness(data) {
  const sure = `${howSure(data)}: ${percent(data.confidence)}`;
  return data.label === data.most_probable ? sure : `${sure} for ${wordOf(data, data.most_probable)}, too little for an answer`;
}

function chip(data, label) {
  return colored(element("strong", { class: "chip" }, wordOf(data, label)), data, label);
}

function sentences(data) {
  const sides = [["audio", "voice sounds"], ["text", "words sound"]].filter(([kind]) => data[`${kind}_probabilities`]);
  const best = sides.map(([kind]) => bestOf(data[`${kind}_probabilities`]));
  const told = sides.map(([kind, sounds], side) =>
    [`The ${sounds} `, chip(data, best[side]), ` (${percent(data[`${kind}_probabilities`][best[side]])}).`]);
  if (!sides.length) told.push(["This model has one answer for voice and words together."]);
  if (sides.length > 1) told.push([best[0] === best[1] ? "The two agree." : "The two differ; the answer weighs both."]);
  if (data.true) told.push(["The true label: ", chip(data, data.true)]);
  if (!data.calibrated_probabilities)
    told.push([element("span", { class: "note" }, "This model is not calibrated: its percentages may be far too high or too low.")]);
  return told;
}

function shares(data) {
  const of = data.calibrated_probabilities || data.probabilities;
  const labels = Object.keys(of).sort((one, other) => of[other] - of[one]);
  const list = element("ul", { class: "shares", "aria-label": "Probability of each emotion" });
  for (const label of labels.slice(0, MOST_BARS)) {
    const filled = colored(element("span"), data, label);
    filled.style.width = `${(100 * of[label]).toFixed(1)}%`;
    list.append(element("li", {}, element("span", { class: "label" }, wordOf(data, label)),
      element("span", { class: "gauge", "aria-hidden": "true" }, filled), element("span", { class: "percent" }, percent(of[label]))));
  }
  return list;
}

function said(data) {
  const text = data.words.map(({ word }) => word).join(" ");
  const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  return element("p", { class: "said" }, "Said: ", element("q", {}, shown), " ", element("span", { class: "note" }, `(${WORDS_FROM[data.words_from]})`));
}

// A code of three letters does not speak for itself.
function named(data, label) {
  return label.length === 3 && wordOf(data, label) !== label ? `${label} (${wordOf(data, label)})` : label;
}

function bar(share) {
  const drawn = element("span", { class: "bar", "aria-hidden": "true" });
  drawn.style.width = `${(4 * share).toFixed(3)}em`;
  return drawn;
}

function predictionsTable(data) {
  const shown = PREDICTIONS.filter(([name]) => data[name]);
  const head = element("tr", {}, element("th", { scope: "col" }, "label"));
  for (const [, title] of shown) head.append(element("th", { scope: "col" }, title));
  const body = element("tbody");
  for (const label of Object.keys(data.probabilities)) {
    const row = element("tr", {}, element("th", { scope: "row" }, named(data, label)));
    for (const [name] of shown) {
      const share = data[name][label];
      const most = share === Math.max(...Object.values(data[name]));
      row.append(element("td", most ? { class: "most" } : {}, bar(share), share.toFixed(3)));
    }
    body.append(row);
  }
  const single = MODALITIES.filter(([kind]) => data[`${kind}_probabilities`]).map(([, called]) => ` × ${called}ᵅ`);
  const caption = single.length
    ? `final = fused${single.join("")}, normalized; the smaller α (--alpha of the training), the more weight the fused head has.`
    : "This model has only the fused head.";
  return scrolling(`Probabilities of ${data.name}`,
    element("table", { class: "predictions" }, element("caption", {}, caption), element("thead", {}, head), body));
}

function wordsTable(data) {
  const head = element("tr");
  for (const title of ["word", "start", "end", "words' attention", "voice's attention"])
    head.append(element("th", { scope: "col" }, title));
  const body = element("tbody");
  for (const word of data.words) {
    const row = element("tr", {}, element("th", { scope: "row" }, word.word),
      element("td", {}, word.start.toFixed(2)), element("td", {}, word.end.toFixed(2)));
    for (const [kind] of MODALITIES) {
      const share = word[`${kind}_attention`];
      row.append(element("td", {}, bar(share), share.toFixed(3)));
    }
    body.append(row);
  }
  return scrolling(`Words of ${data.name}`, element("table", { class: "words-table" },
    element("caption", {}, "Times in seconds. Attention is averaged over heads; each column sums to 1."), element("thead", {}, head), body));
}

function scrolling(name, table) {
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, table);
}
