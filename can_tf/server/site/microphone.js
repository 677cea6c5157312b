"use strict";
// Runs beside the page and passes on what the microphone hears.

registerProcessor("microphone", class extends AudioWorkletProcessor {
  process([input]) {
    if (input.length) this.port.postMessage(input[0].slice());
    return true;
  }
});
