"use strict";
// Plays a timeline's stretches. What is seen stands in the page already.

for (const section of document.querySelectorAll(".recording")) {
  const audio = section.querySelector("audio");
  const sound = section.querySelector(".sound");
  const bytes = Uint8Array.from(atob(sound.textContent), (character) => character.charCodeAt(0));
  audio.src = URL.createObjectURL(new Blob([bytes], { type: "audio/mpeg" }));
  sound.remove();
  const stretches = [...section.querySelectorAll(".stretches li")].map((item) => ({
    start: Number(item.dataset.start),
    end: Number(item.dataset.end),
    shown: [item, ...section.querySelectorAll(`a[href="#${item.id}"]`)],
  }));
  let until = null; // Where to stop; null while the whole is played.

  const mark = () => {
    const now = audio.paused ? -1 : audio.currentTime;
    for (const { start, end, shown } of stretches)
      for (const each of shown) each.classList.toggle("playing", start <= now && now < end);
  };
  const play = (stretch) => {
    const playing = !audio.paused && stretch.shown[0].classList.contains("playing");
    audio.pause();
    if (playing) return; // Pressed again, it stops.
    for (const other of document.querySelectorAll("audio")) other.pause();
    audio.currentTime = stretch.start;
    until = stretch.end;
    audio.play().catch(() => {}); // A pause before the sound has begun ends it.
    stretch.shown[0].scrollIntoView({ block: "nearest" });
  };

  for (const stretch of stretches) {
    const [item, ...blocks] = stretch.shown;
    item.querySelector("button").addEventListener("click", () => play(stretch));
    for (const block of blocks)
      block.addEventListener("click", (event) => {
        event.preventDefault();
        play(stretch);
      });
  }
  for (const event of ["timeupdate", "pause", "play", "seeked"])
    audio.addEventListener(event, () => {
      if (until !== null && audio.currentTime >= until) {
        until = null;
        audio.pause();
      }
      mark();
    });
  audio.addEventListener("seeking", () => {
    if (until !== null && audio.currentTime > until) until = null; // Somebody moves on by hand.
  });
}
