// Search, in the page itself: a page opened from disk may neither fetch the index nor start a worker.
const query = document.getElementById("query");
const found = document.getElementById("found");
const MOST = 12;
const CHARACTERS = 160;
let index = null;

function buildIndex() {
  return lunr(function () {
    this.ref("location");
    this.field("title", { boost: 10 });
    this.field("text");
    pages.forEach((page) => this.add(page));
  });
}

function passage(text, words) {
  const lower = text.toLowerCase();
  const places = words.map((word) => lower.indexOf(word)).filter((place) => place >= 0);
  const start = Math.max(0, Math.min(...places, text.length) - 40);
  const cut = text.slice(places.length ? start : 0).slice(0, CHARACTERS);
  return places.length && start ? cut.replace(/^\S*\s/, "") : cut; // From a whole word on.
}

function show() {
  const words = query.value.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word.length > 1);
  found.replaceChildren();
  found.hidden = !words.length;
  if (!words.length) return;
  index ??= buildIndex();
  const byLocation = new Map(pages.map((page) => [page.location, page]));
  const results = index.query((search) => {
    words.forEach((word) => {
      search.term(lunr.tokenizer(word), { boost: 10, usePipeline: true });
      search.term(word, { wildcard: lunr.Query.wildcard.TRAILING, usePipeline: false });
    });
  });
  for (const result of results.slice(0, MOST)) {
    const page = byLocation.get(result.ref);
    const link = document.createElement("a");
    link.href = `${base}/${page.location}`;
    const title = document.createElement("strong");
    const whole = byLocation.get(page.location.split("#")[0]);
    title.textContent = whole && whole !== page ? `${page.title} (${whole.title})` : page.title;
    link.append(title, " ", passage(page.text.replace(/<[^>]*>/g, ""), words));
    found.append(link);
  }
  if (!results.length) found.textContent = "Nothing found.";
}

query.addEventListener("input", show);
query.addEventListener("focus", show);
document.addEventListener("click", (event) => {
  if (!event.target.closest("search")) found.hidden = true;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") found.hidden = true;
  if (event.key === "/" && !event.target.closest("input")) {
    event.preventDefault();
    query.focus();
  }
});

// On a narrow screen the list of pages is closed until it is asked for.
if (window.matchMedia("(max-width: 60rem)").matches) {
  document.querySelector("nav details").open = false;
}

// What is shown to be typed or pasted has a button that copies it. Comments come along: shells ignore them.
for (const block of document.querySelectorAll("main pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const text = block.textContent.replace(/\n$/, "");
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch { // Not allowed, or no clipboard: select the text, so that a key copies it.
      getSelection().selectAllChildren(block);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  const around = document.createElement("div");
  around.className = "code";
  block.replaceWith(around);
  around.append(block, button);
}
