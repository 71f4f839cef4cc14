// Photos are made smaller on the phone before they travel: one bar of signal carries a tenth more surely than the whole.
// Fetched by app.js when photos have been chosen. Without scripts the file is sent as it is, with the button.

const LONGEST = 1600;

async function shrink(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8));
    return blob && blob.size < file.size ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file; // the server says what is wrong with it
  }
}

export async function send(input) {
  const form = input.form;
  if (!input.files.length || "shrinking" in form.dataset) return;
  form.dataset.shrinking = "";
  document.dispatchEvent(new CustomEvent("portal:say", { detail: "Sending the photos …" }));
  const smaller = new DataTransfer();
  for (const file of [...input.files].slice(0, 5)) smaller.items.add(await shrink(file));
  input.files = smaller.files;
  delete form.dataset.shrinking;
  form.requestSubmit();
}
