// What the browser may take for a script or for markup (Trusted Types), where nothing closer says so.
//
// Promises that an address becomes a worker's only where it is a script that we have built, and that text becomes markup
// only where there is no tag in it: a map's credit. A browser without Trusted Types has the CSP's other rules.

/** @type {any} */ (globalThis).trustedTypes?.createPolicy("default", {
  createHTML: (/** @type {string} */ text) => (text.includes("<") ? null : text),
  // worker-src says that it must be on our own site.
  createScriptURL: (/** @type {string} */ url) => (/^(\w+:\/\/[^/]+)?\/(sw|app\/assets\/[\w-]+)\.js$/.test(url) ? url : null),
});
