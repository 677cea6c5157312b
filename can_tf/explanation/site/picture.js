"use strict";
// Draws a recording over time. Needs picture.css.

const MODALITIES = [["text", "words"], ["audio", "voice"]]; // As the model and as people call them.
const NARROWEST_WORD = 22, FEWEST_PIXELS = 60, MOST_PIXELS = 400; // Pixels, and pixels a second.
const SHADES = [[11, 7, 36], [74, 16, 98], [148, 38, 103], [216, 74, 75], [247, 148, 60], [252, 236, 160]];

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// The recording over time: waveform, spectrogram, words, and each modality's attention under its word's sound.
class Picture {
  constructor(place, data) {
    this.data = data;
    this.player = new Player(data.sound);
    this.rows = element("div", { class: "rows" });
    const even = (1 / data.words.length).toFixed(2);
    const zoom = element("input", { type: "range", min: FEWEST_PIXELS, max: MOST_PIXELS });
    const all = element("button", { type: "button", class: "play-all", "aria-label": `Play all of ${data.name}` }, "Play all");
    all.addEventListener("click", () => this.player.toggle(0, data.seconds, all));
    const heads = element("button", { type: "button", class: "heads", "aria-pressed": "false" }, "Show each head");
    heads.addEventListener("click", () => {
      const shown = this.rows.classList.toggle("by-head");
      heads.setAttribute("aria-pressed", String(shown));
    });
    place.append(
      element("div", { class: "controls" }, all, element("label", {}, "Zoom ", zoom), heads,
        element("span", { class: "note" }, "Press a word to hear it. The stronger the color of its field, the more attention it got; " +
          `the same for all would be ${even}.`)),
      element("div", { class: "picture", tabindex: "0", role: "group", "aria-label": `Picture of ${data.name}` }, this.rows));
    zoom.value = this.startingScale(place.clientWidth);
    zoom.addEventListener("input", () => this.draw(Number(zoom.value)));
    this.draw(Number(zoom.value));
  }

  // As wide as the page, and wider where short words would have no room.
  startingScale(width) {
    const lengths = this.data.words.map((word) => word.end - word.start).sort((one, other) => one - other);
    const short = lengths[Math.floor(lengths.length / 10)] || 1;
    const wanted = Math.max(NARROWEST_WORD / short, (width - 150) / this.data.seconds);
    return Math.round(Math.min(MOST_PIXELS, Math.max(FEWEST_PIXELS, wanted)));
  }

  draw(scale) {
    Player.stop(); // Its word's button is drawn anew.
    this.scale = scale;
    this.width = Math.max(1, Math.round(this.data.seconds * scale));
    this.rows.replaceChildren(
      this.row("waveform", "sound", this.waveform()), this.row("spectrogram", `spectrogram, mel, to ${Math.min(8, this.player.rate / 2000)} kHz`, this.spectrogram()),
      this.words());
    for (const [kind, called] of MODALITIES) {
      const heads = this.data.words[0][`${kind}_attention_by_head`].length;
      this.rows.append(this.attention(kind, "mean", `attention, ${called}`, (word) => word[`${kind}_attention`]));
      for (let head = 0; head < heads; head += 1)
        this.rows.append(this.attention(kind, "head", `head ${head + 1}`, (word) => word[`${kind}_attention_by_head`][head]));
    }
    this.rows.append(this.row("times", "seconds", ...this.times()));
  }

  row(kind, name, ...children) {
    const track = element("div", { class: "track" }, ...children);
    track.style.width = `${this.width}px`;
    return element("div", { class: `row ${kind}` }, element("div", { class: "name" }, name), track);
  }

  at(made, start, end) {
    made.style.left = `${start * this.scale}px`;
    made.style.width = `${Math.max(0, end - start) * this.scale}px`;
    return made;
  }

  waveform() {
    const { samples } = this.player, columns = Math.min(this.width, 8000), height = 120;
    const canvas = element("canvas", { width: columns, height, role: "img",
      "aria-label": `Waveform, ${this.data.seconds.toFixed(2)} seconds` });
    const context = canvas.getContext("2d");
    context.fillStyle = getComputedStyle(this.rows).color || "#888";
    const loudest = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-4);
    for (let column = 0; column < columns; column += 1) {
      let low = Infinity, high = -Infinity;
      const end = Math.max(Math.floor((column + 1) * samples.length / columns), Math.floor(column * samples.length / columns) + 1);
      for (let index = Math.floor(column * samples.length / columns); index < Math.min(end, samples.length); index += 1) {
        low = Math.min(low, samples[index]);
        high = Math.max(high, samples[index]);
      }
      const top = height / 2 * (1 - high / loudest), bottom = height / 2 * (1 - low / loudest);
      context.fillRect(column, top, 1, Math.max(1, bottom - top));
    }
    return canvas;
  }

  spectrogram() {
    const { frames, bands, levels } = this.data.spectrogram, bytes = bytesOf(levels);
    const canvas = element("canvas", { width: frames, height: bands, role: "img",
      "aria-label": "Mel spectrogram, low frequencies at the bottom, loud parts bright" });
    const context = canvas.getContext("2d"), image = context.createImageData(frames, bands);
    for (let frame = 0; frame < frames; frame += 1)
      for (let band = 0; band < bands; band += 1) {
        const [red, green, blue] = shade(bytes[frame * bands + band] / 255);
        image.data.set([red, green, blue, 255], 4 * ((bands - 1 - band) * frames + frame));
      }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  words() {
    const fits = (word) => (word.end - word.start) * this.scale > 8 * word.word.length + 6;
    const buttons = this.data.words.map((word) => {
      const text = `${word.word}, ${word.start.toFixed(2)} to ${word.end.toFixed(2)} seconds, ` +
        `text attention ${word.text_attention.toFixed(3)}, audio attention ${word.audio_attention.toFixed(3)}`;
      const button = element("button",
        { type: "button", class: fits(word) ? "word fits" : "word", "aria-label": `Play ${text}`, title: text },
        element("span", {}, word.word));
      button.addEventListener("click", () => this.player.toggle(word.start, word.end, button));
      return this.at(button, word.start, word.end);
    });
    const row = this.row("words", "words", ...buttons);
    const longest = Math.max(0, ...this.data.words.filter((word) => !fits(word)).map((word) => word.word.length));
    row.lastChild.style.height = `${1.7 + 0.4 * longest}rem`; // Words that do not fit stand aslant.
    return row;
  }

  attention(kind, rank, name, share) {
    const shares = this.data.words.map(share), most = Math.max(...shares, 1e-9);
    const best = this.data.words[shares.indexOf(Math.max(...shares))];
    const cells = this.data.words.map((word, index) => {
      const made = element("span",
        { class: "cell", title: `${word.word}: ${shares[index].toFixed(3)}`, "data-share": shares[index] });
      made.style.setProperty("--share", (shares[index] / most).toFixed(3));
      if (rank === "mean" && (word.end - word.start) * this.scale > 34) made.append(element("span", {}, shares[index].toFixed(2)));
      return this.at(made, word.start, word.end);
    });
    const row = this.row(`${kind} ${rank}`, name, ...cells);
    row.lastChild.setAttribute("role", "img");
    row.lastChild.setAttribute("aria-label",
      `${kind} attention${rank === "mean" ? ", averaged over heads" : `, ${name}`}: highest at ${best.word}, ${Math.max(...shares).toFixed(3)}`);
    return row;
  }

  times() {
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30].find((seconds) => seconds * this.scale >= 50) || 60;
    const marks = [];
    for (let index = 0; index * step <= this.data.seconds; index += 1)
      marks.push(this.at(element("span", {}, String(Number((index * step).toFixed(1)))), index * step, index * step + step));
    for (const mark of marks) mark.style.width = "";
    return marks;
  }
}

class Player {
  constructor({ sample_rate_hz, samples }) {
    this.rate = sample_rate_hz;
    this.samples = Float32Array.from(new Int16Array(bytesOf(samples).buffer), (value) => value / 32767);
  }

  // Plays a stretch, or stops it if it is what is playing.
  toggle(start, end, button) {
    const same = Player.button === button;
    Player.stop();
    if (same) return;
    Player.context ||= new AudioContext();
    const buffer = Player.context.createBuffer(1, this.samples.length, this.rate);
    buffer.copyToChannel(this.samples, 0);
    const source = Player.context.createBufferSource();
    source.buffer = buffer;
    source.connect(Player.context.destination);
    source.onended = () => source === Player.source && Player.stop();
    button.classList.add("playing");
    Player.context.resume();
    source.start(0, start, Math.max(0.01, end - start));
    Player.source = source;
    Player.button = button;
  }

  static stop() {
    const { source, button } = Player;
    Player.source = Player.button = null;
    if (button) button.classList.remove("playing");
    if (source) source.stop();
  }
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function shade(level) {
  const place = level * (SHADES.length - 1), below = Math.min(Math.floor(place), SHADES.length - 2);
  return SHADES[below].map((value, index) => value + (place - below) * (SHADES[below + 1][index] - value));
}
