"use strict";
// The page of `can-tf serve`: gets a recording, sends it, and shows the answer with answer.js. Needs sound.js.

const [form, drop, recordButton, exampleButton, clock, file, status, listen, transcript, submit, progress, elapsed, error, kept, result] =
  ["form", "drop", "record", "example", "clock", "file", "status", "listen", "transcript", "explain", "progress", "elapsed",
    "error", "kept", "result"].map((id) => document.getElementById(id));
let recording = null; // {name, blob}
let recorder = null; // While it records: ends with stop().
let starting = false; // The browser asks whether it may.
let working = false; // The server has not answered yet.
let answered = null; // The name of the recording whose answer is shown.

function choose(name, blob) {
  recording = { name, blob };
  if (listen.src) URL.revokeObjectURL(listen.src);
  listen.src = URL.createObjectURL(blob);
  listen.hidden = false;
  status.textContent = `Ready: ${name}`;
  complain("");
}

// Says what went wrong; the last answer stays, and says whose it is.
function complain(text) {
  error.textContent = text;
  kept.hidden = !text || answered === null;
  kept.textContent = `Below is still the answer for ${answered}.`;
}

file.addEventListener("change", () => file.files.length && choose(file.files[0].name, file.files[0]));

document.addEventListener("dragover", (event) => {
  event.preventDefault(); // Else a file that misses the field replaces the page.
  drop.classList.add("over");
});
document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (working || recorder) return;
  const [dropped] = event.dataTransfer.files;
  if (dropped) choose(dropped.name, dropped);
  else complain("That is no file. Drop a sound file.");
});

exampleButton.hidden = !document.body.dataset.example;
exampleButton.addEventListener("click", async () => {
  if (working || starting || recorder) return;
  try {
    const response = await fetch("example.wav");
    if (!response.ok) await answerIn(response);
    choose("example.wav", await response.blob());
    transcript.value = document.body.dataset.example;
    form.requestSubmit();
  } catch (problem) {
    complain(problem.message);
  }
});

recordButton.addEventListener("click", async () => {
  if (starting) return;
  if (recorder) {
    recorder.stop();
    return;
  }
  starting = true;
  complain("");
  try {
    recorder = await startRecording();
    recordButton.textContent = "Stop";
    recordButton.classList.add("recording");
    status.textContent = "Recording";
  } catch (problem) {
    complain(`The microphone cannot be used (${problem.message}). Allow access, or choose a file.`);
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
    recordButton.classList.remove("recording");
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
  complain("");
  if (recorder) await recorder.stop();
  if (!recording) {
    complain("Record something or choose a file first.");
    recordButton.focus();
    return;
  }
  const done = startWork();
  const asked = recording;
  try {
    const answer = await ask(asked);
    result.replaceChildren();
    drawExplanation(result, answer);
    answered = answer.name;
    status.textContent = `Answered: ${wordOf(answer, answer.label)}, ${percent(answer.confidence)}`;
    result.scrollIntoView({ block: "start" });
  } catch (problem) {
    complain(problem.message);
    status.textContent = `Ready: ${asked.name}`;
  } finally {
    done();
  }
});

// Shows that the server is at work, until what it returns is called.
function startWork() {
  working = true;
  submit.setAttribute("aria-disabled", "true"); // Disabled, it would lose the focus.
  submit.textContent = "Working…";
  result.setAttribute("aria-busy", "true");
  status.textContent = transcript.value.trim() ? "Working…" : "Working… recognizing the words takes a moment";
  progress.hidden = false;
  const started = Date.now();
  const ticking = setInterval(() => (elapsed.textContent = `${Math.round((Date.now() - started) / 1000)} s`), 1000);
  return () => {
    clearInterval(ticking);
    working = false;
    submit.removeAttribute("aria-disabled");
    submit.textContent = "Show the emotion";
    result.removeAttribute("aria-busy");
    progress.hidden = true;
    elapsed.textContent = "";
  };
}

async function ask(sound) {
  const audio = { b64: await base64(await readable(sound)) };
  const body = { audio, transcript: transcript.value.trim() || null, name: sound.name };
  return answerIn(await send("explain", body));
}
