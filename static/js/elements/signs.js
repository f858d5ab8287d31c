// The signs on the ground: what stands along a way, and where one goes under something.
//
// Hides canvases. Promises outlines that are told apart in grey, in 20 pixels, and that none looks like a note.

/** @typedef {import("./marks.js").Colours} Colours */
/** @typedef {(context: CanvasRenderingContext2D, colour: Colours) => void} Drawn */

export const SIGN_SIZE = 20;

/** @returns {Drawn} a small plate with lines on it */
const plate = (/** @type {string} */ lines, filled = "") => (context, colour) => {
  const edge = new Path2D();
  edge.roundRect(2, 2, 16, 16, 4);
  context.fillStyle = colour.surface;
  context.fill(edge);
  context.strokeStyle = context.fillStyle = colour.dim;
  context.lineWidth = 1;
  context.stroke(edge);
  context.lineWidth = 1.7;
  context.lineCap = "round";
  context.stroke(new Path2D(lines));
  if (filled) context.fill(new Path2D(filled));
};

/** @type {Record<string, Drawn>} */
export const SIGNS = {
  "sign-bench": plate("M5 9.5h10M5 12.5h10M6.5 12.5v3M13.5 12.5v3M6 6.5h8"),
  "sign-bus_stop": plate("M6.5 5h7v9h-7zM6.5 10.5h7M7.5 14v1.5M12.5 14v1.5"),
  "sign-defibrillator": plate("", "M10 16 4.5 10.5a3.2 3.2 0 0 1 5.5-3.6 3.2 3.2 0 0 1 5.5 3.6zM10.8 8l-2.6 3.2h1.8l-.8 2.6"),
  "sign-hydrant": plate("M7.5 15.5v-7.5a2.5 2.5 0 0 1 5 0v7.5M6 15.5h8M5.5 10.5h9"),
  "sign-toilets": plate("M10 5v10M6.5 9v6M5 9l1.5-2 1.5 2M13.5 7v8M12 11h3"),
  "sign-lamp": (context, colour) => {
    context.lineWidth = 3;
    context.strokeStyle = colour.land;
    context.fillStyle = colour.dim;
    const post = new Path2D("M10 16V7");
    const head = new Path2D("M6.5 8a3.5 3.5 0 0 1 7 0z");
    context.stroke(head);
    context.stroke(post);
    context.lineWidth = 1.6;
    context.strokeStyle = colour.dim;
    context.stroke(post);
    context.fill(head);
  },
  underpass: (context, colour) => {
    const gate = new Path2D("M2.5 17.5v-8a7.5 7.5 0 0 1 15 0v8z");
    context.fillStyle = colour.unlit;
    context.fill(gate);
    context.lineWidth = 2;
    context.strokeStyle = colour.land;
    context.stroke(gate);
    context.fillStyle = colour.land;
    context.fill(new Path2D("M6.5 17v-6a3.5 3.5 0 0 1 7 0v6z"));
  },
};
