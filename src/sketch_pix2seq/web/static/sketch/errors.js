// Every error that this library throws on purpose; their messages are those of the Python package.

/** The root: what is wrong, what was got, and what to do next. */
export class SketchPix2SeqError extends Error {
  /**
   * @param {string} wrong What is wrong, the offending name in backticks, with the rule it breaks.
   * @param {{got?: unknown, fix?: string}} [more] The actual value; what to do next.
   */
  constructor(wrong, { got, fix } = {}) {
    let message = got === undefined ? wrong : `${wrong}; got ${got}`;
    if (fix) message = `${message.replace(/\.+$/, "")}. ${fix}`;
    super(message);
    this.name = new.target.name;
  }
}

/** A drawing that cannot be read. */
export class DrawingError extends SketchPix2SeqError {}

/** A bundle that cannot be used, or lacks what is needed. */
export class BundleError extends SketchPix2SeqError {}

/** An argument that does not fit. */
export class UsageError extends SketchPix2SeqError {}

/** The errors by their names: an error keeps its kind on its way out of a worker. */
export const ERRORS = { SketchPix2SeqError, DrawingError, BundleError, UsageError };
