// A signature drawn on the glass, sent as the form's picture. Without scripts a photo of the paper is sent instead.

function begin(form) {
  const canvas = form.querySelector("canvas");
  const input = form.querySelector("input[type=file]");
  const pen = canvas.getContext("2d");
  let isDown = false;
  let isEmpty = true;
  Object.assign(pen, { lineWidth: 3, lineCap: "round", lineJoin: "round", strokeStyle: "#111" });
  form.querySelector("[data-scripted]").hidden = false;
  form.querySelector("[data-unscripted]").hidden = true;

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    isDown = true;
    pen.beginPath();
    pen.moveTo(...at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!isDown) return;
    isEmpty = false;
    pen.lineTo(...at(event));
    pen.stroke();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (isDown = false));
  form.querySelector("[data-clear]").addEventListener("click", () => {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    isEmpty = true;
  });

  form.addEventListener("submit", (event) => {
    if (input.files.length || isEmpty) return; // the server says what is missing
    event.preventDefault();
    event.stopPropagation(); // held only when it really goes
    canvas.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "signature.png", { type: "image/png" }));
      input.files = files.files;
      form.requestSubmit();
    }, "image/png");
  });
}

document.querySelectorAll("[data-signature]").forEach(begin);
