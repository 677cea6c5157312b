"use strict";
// Fills the page of explanations with the data that stands in it.

const explanations = document.getElementById("explanations");
const groups = JSON.parse(document.getElementById("data").textContent);
const contents = document.getElementById("contents");
let drawn = 0;
for (const group of groups) {
  if (group.title) explanations.append(element("h2", {}, group.title));
  if (!group.explanations.length) explanations.append(element("p", {}, "None."));
  for (const data of group.explanations) {
    drawExplanation(explanations, data, group.title ? 3 : group.explanations.length > 1 ? 2 : 0);
    explanations.lastChild.id = `explanation-${(drawn += 1)}`;
    const told = `${wordOf(data, data.label)} ${percent(data.confidence)}${data.true ? `, true: ${wordOf(data, data.true)}` : ""}`;
    contents.append(element("li", {}, element("a", { href: `#explanation-${drawn}` }, data.name), ` ${told}`));
  }
}
contents.parentElement.hidden = drawn < 2;
