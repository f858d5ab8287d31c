// Markup of our own server, made part of a page: the one place where text becomes elements on the pages.
//
// Promises that Trusted Types let pass what is made here and nothing else. Only for what came from our own address, where
// every word of a person is escaped; never for words.

/** @type {{createHTML(html: string): string} | undefined} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("pages", { createHTML: (/** @type {string} */ html) => html });

/** A part of a page of ours, for innerHTML. */
export const markup = (/** @type {string} */ html) => policy?.createHTML(html) ?? html;

/** A whole page of ours, that is not shown: no script in it runs. */
export const pageOf = (/** @type {string} */ html) => new DOMParser().parseFromString(markup(html), "text/html");
