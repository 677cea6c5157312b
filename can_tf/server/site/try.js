"use strict";
// The page of `can-tf serve`: gets a recording, sends it, and shows the answer with picture.js.

const RATE = Number(document.body.dataset.rate);
const READ_BY_SERVER = /\.(wav|flac|ogg|mp3)$/i; // Other formats are decoded by the browser.
const [form, recordButton, clock, file, status, listen, transcript, submit, error, result] =
  ["form", "record", "clock", "file", "status", "listen", "transcript", "explain", "error", "result"]
    .map((id) => document.getElementById(id));
let recording = null; // {name, blob}
let recorder = null; // While it records: ends with stop().
let starting = false; // The browser asks whether it may.
let working = false; // The server has not answered yet.

function choose(name, blob) {
  recording = { name, blob };
  if (listen.src) URL.revokeObjectURL(listen.src);
  listen.src = URL.createObjectURL(blob);
  listen.hidden = false;
  status.textContent = `Ready: ${name}`;
  error.textContent = "";
}

file.addEventListener("change", () => file.files.length && choose(file.files[0].name, file.files[0]));

recordButton.addEventListener("click", async () => {
  if (starting) return;
  if (recorder) {
    recorder.stop();
    return;
  }
  starting = true;
  error.textContent = "";
  try {
    recorder = await startRecording();
    recordButton.textContent = "Stop";
    status.textContent = "Recording";
  } catch (problem) {
    error.textContent = `The microphone cannot be used (${problem.message}). Allow access, or choose a file.`;
  } finally {
    starting = false;
  }
});

// Resolves to what ends the recording with stop(), which returns a promise of its end.
async function startRecording() {
  if (!navigator.mediaDevices) throw new Error("browsers allow recording only on https:// and localhost");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const release = () => stream.getTracks().forEach((track) => track.stop());
  const parts = [];
  let media;
  try {
    media = new MediaRecorder(stream);
    media.start();
  } catch (problem) {
    release();
    throw problem;
  }
  media.addEventListener("dataavailable", (event) => parts.push(event.data));
  const ended = new Promise((resolve) => media.addEventListener("stop", resolve, { once: true })).then(() => {
    clearInterval(ticking);
    release();
    recorder = null;
    clock.textContent = "";
    recordButton.textContent = "Record";
    file.value = "";
    choose("recording", new Blob(parts, { type: media.mimeType }));
  });
  const stop = () => {
    if (media.state !== "inactive") media.stop();
    return ended;
  };
  const started = Date.now();
  const ticking = setInterval(() => {
    const seconds = (Date.now() - started) / 1000;
    clock.textContent = `${seconds.toFixed(0)} s`;
    if (seconds >= longest()) stop();
  }, 250);
  return { stop };
}

function longest() {
  return Number(transcript.value.trim() ? document.body.dataset.seconds : document.body.dataset.recognizedSeconds);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (working || starting) return;
  error.textContent = "";
  if (recorder) await recorder.stop();
  if (!recording) {
    error.textContent = "Record something or choose a file first.";
    recordButton.focus();
    return;
  }
  working = true;
  submit.setAttribute("aria-disabled", "true"); // Disabled, it would lose the focus.
  result.setAttribute("aria-busy", "true");
  status.textContent = "Working…";
  try {
    const answer = await ask(recording);
    result.replaceChildren();
    drawExplanation(result, answer);
    status.textContent = `Answered: ${answer.label}`;
    result.scrollIntoView({ block: "start" });
  } catch (problem) {
    result.replaceChildren();
    error.textContent = problem.message;
    status.textContent = `Ready: ${recording.name}`;
  } finally {
    working = false;
    submit.removeAttribute("aria-disabled");
    result.removeAttribute("aria-busy");
  }
});

async function ask({ name, blob }) {
  const [sent, content] = READ_BY_SERVER.test(name) ? [name, await blob.arrayBuffer()] : [name, await asWav(blob)];
  const body = { audio: { b64: await base64(content) }, transcript: transcript.value.trim() || null, name: sent };
  let response;
  try {
    response = await fetch("explain", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    throw new Error("The server does not answer. Is can-tf serve still running?");
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

// A wav file of 16 bits, one channel, at the model's sample rate.
async function asWav(blob) {
  let sound;
  try {
    const context = new OfflineAudioContext(1, 1, RATE);
    sound = await context.decodeAudioData(await blob.arrayBuffer());
  } catch {
    throw new Error("This browser cannot decode that file. Convert it to wav.");
  }
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
