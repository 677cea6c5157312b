"use strict";
// Saves an answer as a picture, and as a page where somebody has set what makes one. Needs answer.js and picture.js.

let pageOf = null; // Resolves to the text of a page that holds an explanation; for pages that are none themselves.
const WIDE = 1200, SHARP = 2, MARGIN = 40, LEFT = 150; // Of the PNG; lengths in its units.

function saving(data, picture) {
  const error = element("span", { class: "error", role: "alert" });
  const button = (text, kind, content) => {
    const made = element("button", { type: "button", "aria-label": `${text}: ${data.name}` }, text);
    made.addEventListener("click", async () => {
      error.textContent = "";
      try {
        download(await content(), `${data.name.replace(/[^\p{L}\p{N}.-]+/gu, "-").slice(0, 80)}.${kind}`);
      } catch (problem) {
        error.textContent = `It could not be saved (${problem.message}).`;
      }
    });
    return made;
  };
  const png = button("Save as PNG", "png", () => pngOf(data, picture));
  const page = pageOf && button("Save as page", "html", async () => new Blob([await pageOf(data)], { type: "text/html" }));
  return element("p", { class: "controls saving" }, ...(page ? [page] : []), png, error);
}

function download(blob, name) {
  const link = element("a", { download: name });
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function pngOf(data, picture) {
  const canvas = element("canvas", { width: SHARP * WIDE, height: SHARP * 760 });
  const drawing = new Drawing(canvas.getContext("2d"), data);
  drawing.answer();
  drawing.sound(picture);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser made no picture"))), "image/png"));
}

class Drawing {
  constructor(context, data) {
    const style = getComputedStyle(document.documentElement);
    this.color = (name) => style.getPropertyValue(`--${name}`).trim();
    this.context = context;
    this.data = data;
    context.scale(SHARP, SHARP);
    this.box(0, 0, WIDE, 760, this.color("ground"));
  }

  box(x, y, width, height, color) {
    this.context.fillStyle = color;
    this.context.fillRect(x, y, width, height);
  }

  swatch(x, y, width, height, label) {
    this.box(x, y, width, height, this.data.emotions[label].color);
    this.context.strokeStyle = this.color("edge");
    this.context.strokeRect(x, y, width, height);
  }

  // Returns where the text ends; what is too long is squeezed.
  text(text, x, y, size, { weight = 400, color = "ink", align = "left", most = WIDE - MARGIN - x } = {}) {
    this.context.font = `${weight} ${size}px ${this.color("font")}`;
    this.context.fillStyle = this.color(color);
    this.context.textAlign = align;
    this.context.fillText(text, x, y, most);
    return x + Math.min(most, this.context.measureText(text).width);
  }

  answer() {
    const { data } = this, half = WIDE / 2 - MARGIN;
    this.text(data.name, MARGIN, 50, 18, { color: "faint" });
    this.swatch(MARGIN, 80, 44, 44, data.label);
    this.text(wordOf(data, data.label), MARGIN + 62, 124, 60, { weight: 800, most: half - 62 });
    this.text(sureness(data), MARGIN, 170, 26, { weight: 600, most: half });
    sentences(data).forEach((parts, row) => {
      const told = parts.map((part) => (typeof part === "string" ? part : part.textContent)).join("");
      this.text(told, MARGIN, 210 + 28 * row, 18, { most: half });
    });
    const of = data.calibrated_probabilities || data.probabilities;
    const labels = Object.keys(of).sort((one, other) => of[other] - of[one]).slice(0, MOST_BARS);
    labels.forEach((label, row) => {
      const y = 60 + 32 * row, x = WIDE / 2 + 40;
      this.text(wordOf(data, label), x, y + 17, 18, { most: 130 });
      this.swatch(x + 140, y, 2 + 300 * of[label], 20, label);
      this.text(percent(of[label]), WIDE - MARGIN, y + 17, 18, { align: "right", most: 60 });
    });
  }

  sound(picture) {
    const { data } = this, width = WIDE - MARGIN - LEFT, place = (seconds) => LEFT + (width * seconds) / data.seconds;
    for (const [name, canvas, y, height] of [["sound", picture.waveform(), 340, 70], ["spectrogram", picture.spectrogram(), 415, 120]]) {
      this.text(name, MARGIN, y + height / 2 + 5, 15, { color: "faint" });
      this.context.drawImage(canvas, LEFT, y, width, height);
    }
    this.text("words", MARGIN, 575, 15, { color: "faint" });
    MODALITIES.forEach(([kind, called], row) => this.attention(kind, called, 620 + 36 * row, place));
    for (const word of data.words) {
      const middle = place((word.start + word.end) / 2), room = place(word.end) - place(word.start);
      this.context.save();
      this.context.translate(middle, 605);
      this.context.rotate(room > 9 * word.word.length ? 0 : -0.9);
      this.text(word.word, 0, 0, 15, { align: room > 9 * word.word.length ? "center" : "left", most: 100 });
      this.context.restore();
    }
    const notes = [...document.querySelectorAll(".warning")].map((note) => note.textContent);
    this.text(["The stronger the color, the more attention.", ...notes].join(" "), MARGIN, 735, 14, { color: "faint" });
  }

  attention(kind, called, y, place) {
    const most = Math.max(...this.data.words.map((word) => word[`${kind}_attention`]), 1e-9);
    this.text(`attention, ${called}`, MARGIN, y + 19, 15, { color: "faint", most: LEFT - MARGIN - 8 });
    for (const word of this.data.words) {
      this.context.globalAlpha = word[`${kind}_attention`] / most;
      this.box(place(word.start), y, place(word.end) - place(word.start), 28, this.color("accent"));
      this.context.globalAlpha = 1;
      this.context.strokeStyle = this.color("line");
      this.context.strokeRect(place(word.start), y, place(word.end) - place(word.start), 28);
    }
  }
}
