"use strict";
// Sound as it is sent to the server. Sets how an answer is saved as a page too. Needs save.js.

const RATE = Number(document.body.dataset.rate);
const READ_BY_SERVER = /\.(wav|flac|ogg|mp3)$/i; // Others are decoded by the browser, where it can.

// Sends JSON and returns the response, with its own words for what can go wrong on the way.
async function send(address, content) {
  try {
    return await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) });
  } catch {
    throw new Error("The server does not answer. Is can-tf serve still running?");
  }
}

// Returns what a response holds; its refusal is an error, in plain words.
async function answerIn(response) {
  if (response.status === 413) throw new Error("The recording is too large for this server. Choose a shorter one.");
  if (response.status === 503) {
    const wait = response.headers.get("Retry-After");
    throw new Error(`The server is busy. Try again${wait ? ` in ${wait} seconds` : " soon"}.`);
  }
  const answer = await response.json().catch(() => ({ error: `The server returned status ${response.status} without a reason.` }));
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function base64(content) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(new Error("The file cannot be read.")));
    reader.readAsDataURL(new Blob([content]));
  });
}

// Returns bytes that the server reads: what the browser cannot decode, it may read by itself.
async function readable({ name, blob }) {
  const content = await blob.arrayBuffer();
  if (READ_BY_SERVER.test(name)) return content;
  try {
    const context = new OfflineAudioContext(1, 1, RATE);
    return wavOf(await context.decodeAudioData(content.slice(0))); // It takes what it is given.
  } catch {
    return content;
  }
}

// A wav file of 16 bits, one channel, at the model's sample rate.
function wavOf(sound) {
  const samples = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
    const values = sound.getChannelData(channel);
    for (let index = 0; index < samples.length; index += 1) samples[index] += values[index] / sound.numberOfChannels;
  }
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (place, letters) => [...letters].forEach((letter, index) => view.setUint8(place + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, 2 * RATE, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((value, index) => view.setInt16(44 + 2 * index, Math.round(32767 * Math.max(-1, Math.min(1, value))), true));
  return view.buffer;
}

function escaped(text) {
  return element("p", {}, text).innerHTML;
}

pageOf = async (data) => {
  const response = await fetch("page.html");
  if (!response.ok) throw new Error(`the server returned status ${response.status}`);
  const parts = {
    title: escaped(data.name),
    notes: [...document.querySelectorAll(".warning")].map((note) => note.outerHTML).join("\n"),
    data: JSON.stringify([{ title: "", explanations: [data] }]).replaceAll("<", "\\u003c"),
  };
  return (await response.text()).replace(/\$(title|notes|data)\b/g, (whole, name) => parts[name]);
};
