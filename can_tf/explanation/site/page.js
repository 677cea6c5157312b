"use strict";
// Fills the page of explanations with the data that stands in it. Several have a table in front: to sort, and to filter.

const explanations = document.getElementById("explanations");
const groups = JSON.parse(document.getElementById("data").textContent);
const found = []; // A row of the table each, with its explanation.

for (const group of groups) {
  if (group.title) explanations.append(element("h2", {}, group.title));
  if (!group.explanations.length) explanations.append(element("p", {}, "None."));
  for (const data of group.explanations) {
    drawExplanation(explanations, data, group.title ? 3 : group.explanations.length > 1 ? 2 : 0);
    explanations.lastChild.id = `explanation-${found.length + 1}`;
    found.push({ data, group: group.title.split(":")[0], place: explanations.lastChild });
  }
}

const knowsTrue = found.some(({ data }) => data.true);
const COLUMNS = [
  { title: "recording", value: ({ data }) => data.name },
  { title: "emotion", value: ({ data }) => wordOf(data, data.label) },
  { title: "how sure", value: ({ data }) => data.confidence, number: true },
  ...(knowsTrue ? [{ title: "true emotion", value: ({ data }) => (data.true ? wordOf(data, data.true) : "") }] : []),
  ...(groups.length > 1 ? [{ title: "why it is here", value: ({ group }) => group }] : []),
];

function rowOf(one) {
  const link = element("a", { href: `#${one.place.id}` }, one.data.name);
  const cells = { emotion: chip(one.data, one.data.label), "how sure": percent(one.data.confidence) };
  const others = COLUMNS.slice(1).map((column) => element("td", {}, cells[column.title] ?? column.value(one)));
  return element("tr", {}, element("th", { scope: "row" }, link), ...others);
}

function sort(body, heads, column, head) {
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const each of heads) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const compare = column.number
    ? (one, other) => column.value(one) - column.value(other)
    : (one, other) => column.value(one).localeCompare(column.value(other), undefined, { numeric: true });
  const sorted = [...found].sort(compare);
  body.append(...(down ? sorted.reverse() : sorted).map(({ row }) => row));
}

function choice(id, text, options) {
  const select = element("select", { id }, ...options.map((option) => element("option", {}, option)));
  return [element("label", { for: id }, text), select];
}

function drawTable(place) {
  for (const one of found) one.row = rowOf(one);
  const body = element("tbody", {}, ...found.map(({ row }) => row));
  const heads = COLUMNS.map(() => element("th", { scope: "col" }));
  COLUMNS.forEach((column, at) => {
    const button = element("button", { type: "button", class: "sort" }, column.title);
    button.addEventListener("click", () => sort(body, heads, column, heads[at]));
    heads[at].append(button);
  });
  const emotions = [...new Set(found.map(({ data }) => wordOf(data, data.label)))].sort();
  const [emotionLabel, emotion] = choice("emotion", "Emotion", ["all", ...emotions]);
  const [rightLabel, right] = choice("right", "Answers", ["all", "right", "wrong"]);
  const count = element("span", { role: "status", class: "note" });
  const filter = () => {
    for (const { data, row, place } of found) {
      const asked = emotion.value === "all" || wordOf(data, data.label) === emotion.value;
      const judged = right.value === "all" || (data.true && (data.true === data.label) === (right.value === "right"));
      row.hidden = place.hidden = !(asked && judged);
    }
    count.textContent = `${found.filter(({ row }) => !row.hidden).length} of ${found.length}`;
  };
  for (const select of [emotion, right]) select.addEventListener("change", filter);
  filter();
  const controls = [emotionLabel, emotion, ...(knowsTrue ? [rightLabel, right] : []), count];
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
  place.append(
    element("p", { class: "controls" }, ...controls),
    element("div", { class: "wide", role: "group", tabindex: 0, "aria-label": "Recordings" }, table),
  );
  place.hidden = false;
}

if (found.length > 1) drawTable(document.getElementById("contents"));
