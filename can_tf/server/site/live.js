"use strict";
// The live mode: keeps what the microphone hears, sends it about every second, and shows the stretches that have ended.
// Needs sound.js.

const SECONDS_BETWEEN = 1, MOST_SECONDS = 50; // The server takes 60 at once.
const [liveButton, liveStatus, liveError, log, stretches] =
  ["live", "live-status", "live-error", "log", "stretches"].map((id) => document.getElementById(id));
let live = null; // While it listens: ends with stop().
let liveStarting = false;

liveButton.addEventListener("click", async () => {
  if (liveStarting) return;
  if (live) {
    live.stop();
    return;
  }
  liveStarting = true;
  liveError.textContent = "";
  try {
    live = await startListening();
    liveButton.textContent = "Stop listening";
    liveStatus.textContent = "Listening";
    stretches.replaceChildren();
    keepAsking(live);
  } catch (problem) {
    liveError.textContent = `The microphone cannot be used (${problem.message}). Allow access to it.`;
  } finally {
    liveStarting = false;
  }
});

// Resolves to the sound that is heard from now on.
async function startListening() {
  if (!navigator.mediaDevices) throw new Error("browsers allow recording only on https:// and localhost");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  const heard = { parts: [], length: 0, dropped: 0, rate: context.sampleRate, stopped: false };
  heard.stop = () => {
    heard.stopped = true;
    stream.getTracks().forEach((track) => track.stop());
    context.close();
    heard.stop = () => {};
  };
  try {
    await context.audioWorklet.addModule("microphone.js");
    const node = new AudioWorkletNode(context, "microphone", { channelCount: 1, channelCountMode: "explicit" });
    node.port.addEventListener("message", ({ data }) => {
      heard.parts.push(data);
      heard.length += data.length;
    });
    node.port.start();
    context.createMediaStreamSource(stream).connect(node).connect(context.destination); // Which gets silence.
    await context.resume();
  } catch (problem) {
    heard.stop();
    throw problem;
  }
  return heard;
}

async function keepAsking(heard) {
  try {
    for (let last = false; !last; ) {
      await new Promise((resolve) => setTimeout(resolve, 1000 * (heard.stopped ? 0 : SECONDS_BETWEEN)));
      last = heard.stopped;
      if (heard.length > MOST_SECONDS * heard.rate)
        throw new Error(`The server is too busy: ${MOST_SECONDS} s of speech are waiting, so listening was stopped.`);
      if (heard.length && !(await askAbout(heard, last))) last = false; // It is busy; ask again.
    }
    liveStatus.textContent = stretches.childElementCount ? "Stopped" : "Stopped; nobody was heard to speak";
  } catch (problem) {
    liveError.textContent = problem.message;
    liveStatus.textContent = "Stopped";
  } finally {
    heard.stop();
    live = null;
    liveButton.textContent = "Listen live";
  }
}

// Sends what is kept and shows what has ended in it; false if the server is busy.
async function askAbout(heard, last) {
  const samples = await atModelRate(heard);
  const response = await send("live", { samples: { b64: await base64(samples) }, last });
  if (response.status === 503) return false;
  const answer = await answerIn(response);
  const begun = heard.dropped / heard.rate;
  for (const stretch of answer.stretches) stretches.append(shown(stretch, begun));
  if (answer.stretches.length) log.scrollTop = log.scrollHeight;
  forget(heard, Math.floor(answer.done * heard.rate));
  return true;
}

function shown(stretch, begun) {
  const time = element("span", { class: "note" }, `${(begun + stretch.start).toFixed(1)} to ${(begun + stretch.end).toFixed(1)} s `);
  if (stretch.error) return element("li", {}, time, `no emotion: ${stretch.error}`);
  const chip = element("span", { class: "chip" }, stretch.emotion);
  chip.style.setProperty("--color", stretch.color);
  return element("li", {}, time, chip, `${percent(stretch.confidence)} `, stretch.words.map(({ word }) => word).join(" "));
}

// All that is kept as 16-bit samples at the model's rate.
async function atModelRate({ parts, length, rate }) {
  const context = new OfflineAudioContext(1, Math.ceil(length * RATE / rate), RATE);
  const buffer = context.createBuffer(1, length, rate);
  let place = 0;
  for (const part of parts) {
    if (place + part.length > length) break; // Heard since.
    buffer.copyToChannel(part, 0, place);
    place += part.length;
  }
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.start();
  const rendered = (await context.startRendering()).getChannelData(0);
  const view = new DataView(new ArrayBuffer(2 * rendered.length));
  rendered.forEach((value, index) => view.setInt16(2 * index, Math.round(32767 * Math.max(-1, Math.min(1, value))), true));
  return view.buffer;
}

function forget(heard, samples) {
  let left = Math.min(samples, heard.length);
  heard.dropped += left;
  heard.length -= left;
  while (left && heard.parts[0].length <= left) left -= heard.parts.shift().length;
  if (left) heard.parts[0] = heard.parts[0].slice(left);
}
