// Builds the front end into static/dist/: hashed names, compressed once, and the service worker of this release.
//
// Promises: the same sources give the same names; the files of the previous two releases stay beside the new ones, so
// that a phone still running last week's shell finds its map; the service worker lists exactly what the walker's app
// needs offline (never the map, nor others' notes), each with its sum. Never writes outside static/dist/.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const ROOT = resolve(import.meta.dirname, "static");
const DIST = join(ROOT, "dist");
const BASE = "/static/dist/";
const MODEL = resolve(import.meta.dirname, "build/centerface.onnx"); // what finds faces; made by `make build` where it can be had
const PAGES = ["report", "writing", "reading", "compare", "plan", "live", "marks", "paper", "table", "review", "passkey", "awake", "measures", "overview"].map((name) => `js/${name}.js`);
const MAP = "js/elements/map.js"; // in the walker's app and on the pages
const ENTRIES = ["js/app.js", ...PAGES, MAP, "css/walker.css", "css/desk.css", "css/design.css"];
const ICONS = readdirSync(join(ROOT, "img"))
  .filter((name) => /\.(svg|png|webp)$/.test(name))
  .map((name) => `img/${name}`);
const WALKER = ["js/app.js", "css/walker.css", "img/icon.svg", "img/icon-192.png"];
const LATER = /maplibre|pmtiles|elements\/map\.js|screens\/(later|own)\.js|pocket\.js/; // of no use without a network, or a map
const BESIDE = /screens\/beside\.js|js\/copy\.js|installed\/standing\.js/; // not needed for the first note, but kept on every phone
const TONGUE = /js\/(foreign\.js|locales\/(?!da)\w\w\.json)$/; // a language of the walker's app: where a walker speaks it
const FACES = /blurring\/suggesting\.js/; // what looks for faces: large, and only where somebody wants it
// Kept in one chunk each, whoever borrows from them: apart they compress worse, and every chunk's name costs the shell.
const SHELL =
  /(js\/(api|app|camera|database|dom|icons|outbox|place|protocol|ready|records|store|sync|theme|tongues|turns|waits)\.js|js\/mishaps\/first\.js|js\/screens\/(?!later|others|feed|entries|map|pin|own|beside|help|blur|heed|shared|voice)\w+\.js|node_modules\/(lit[\w-]*|idb)\/(?!directive).*)$/;
const WALKING = /(js\/(track|mishaps\/later|screens\/(later|others|feed|entries|map|pin)|walking\/(?!chart|pictures)\w+)\.js|locales\/walking\.json|node_modules\/lit[\w-]*\/directive.*)$/;
const NEAR = /(js\/(blurring\/(?!suggesting|faces)\w+|mishaps\/beside|screens\/(beside|help|blur|heed|voice))\.js|js\/personal\.js(on)?|locales\/beside\.json)$/;
const RELEASES_KEPT = 3;
// A browser asks the service worker for a worker's file by where that lies, not by who starts it: these lie within the app.
const WORKERS = /^assets\/(shrink|faces|maplibre-gl-worker)-/;
const LARGE = 4_000_000; // bytes; the best compression would take half a minute for a tenth less
const MOST_TRIED = 200_000; // bytes: larger files are packed once

/** Write a file so that a server reading at the same moment sees the old one or the new one, never half of it. */
function put(/** @type {string} */ name, /** @type {string | Uint8Array} */ content) {
  const path = join(DIST, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}

/** The .br and .gz twins of a text file; a hashed name that has them keeps them. */
function compress(/** @type {string} */ name, { again = false } = {}) {
  const path = join(DIST, name);
  if (!/\.(js|css|svg|json|wasm)$/.test(name) || (!again && existsSync(`${path}.br`) && existsSync(`${path}.gz`))) return;
  const content = readFileSync(path);
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT, BROTLI_PARAM_MODE, BROTLI_PARAM_LGWIN, BROTLI_MAX_QUALITY } = constants;
  const large = content.length > LARGE;
  const base = { [BROTLI_PARAM_QUALITY]: large ? 6 : BROTLI_MAX_QUALITY, [BROTLI_PARAM_SIZE_HINT]: content.length };
  // Which way is smallest is chance, and turns with a chunk's name: of what is small all are tried.
  const tried = [0, 1, 2].flatMap((mode) => [17, 18, 22].map((window) => ({ [BROTLI_PARAM_MODE]: mode, [BROTLI_PARAM_LGWIN]: window })));
  const packed = (content.length > MOST_TRIED ? [{}] : tried).map((way) => brotliCompressSync(content, { params: { ...base, ...way } }));
  put(`${name}.br`, packed.reduce((least, one) => (one.length < least.length ? one : least)));
  put(`${name}.gz`, gzipSync(content, { level: large ? 4 : 9 }));
}

/**
 * What the walker's app is made of: the entries, what they import (also lazily), their styles, fonts and workers.
 * @param {import("rolldown").OutputBundle} bundle
 * @returns {{files: string[], beside: string[], onDemand: string[], faces: string[], tongues: string[]}} served names, sorted:
 *   needed before the first note; kept on every phone soon after; with a map; where faces are to be looked for; languages
 */
function walkerFiles(bundle) {
  const isOf = (/** @type {string} */ name, /** @type {RegExp[]} */ kinds) => {
    const output = bundle[name];
    if (output.type !== "chunk") return false;
    return [output.facadeModuleId, ...output.moduleIds].some((id) => kinds.some((kind) => kind.test(id ?? "")));
  };
  const reach = (/** @type {string} */ name, /** @type {Set<string>} */ found, /** @type {RegExp[]} */ without) => {
    if (!bundle[name] || found.has(name) || isOf(name, without)) return found;
    found.add(name);
    const output = /** @type {any} */ (bundle[name]);
    const { importedCss = [], importedAssets = [] } = output.viteMetadata ?? {};
    for (const next of [...importedCss, ...importedAssets, ...(output.imports ?? []), ...(output.dynamicImports ?? [])])
      reach(next, found, without);
    return found;
  };
  /** @type {Set<string>} */
  const taken = new Set();
  const all = (/** @type {RegExp[]} */ without, wanted = WALKER) => {
    const entries = Object.values(bundle).filter((output) =>
      output.type === "chunk"
        ? wanted.some((entry) => output.facadeModuleId === join(ROOT, entry))
        : output.originalFileNames.some((name) => wanted.includes(name)),
    );
    const found = entries.reduce((set, entry) => reach(entry.fileName, set, without), new Set());
    const fresh = [...found].map((name) => BASE + name).filter((name) => !taken.has(name));
    for (const name of fresh) taken.add(name);
    return fresh.sort();
  };
  const [files, beside] = [all([LATER, BESIDE, FACES, TONGUE]), all([LATER, FACES, TONGUE])];
  return { files, beside, onDemand: all([FACES, TONGUE], [...WALKER, MAP]), faces: all([TONGUE]), tongues: all([]) };
}

/** SHA-256 of a built file, hex: the worker keeps nothing else under its name. */
const sumOf = (/** @type {string} */ address) =>
  createHash("sha256")
    .update(readFileSync(join(DIST, address.slice(BASE.length))))
    .digest("hex");

/** Note this release, keep the previous two, and delete what only older ones used. */
function keepReleases(/** @type {string} */ id, /** @type {string[]} */ files) {
  const path = join(DIST, "releases.json");
  /** @type {{id: string, files: string[]}[]} */
  const earlier = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : [];
  const releases = [{ id, files }, ...earlier.filter((release) => release.id !== id)].slice(0, RELEASES_KEPT);
  put("releases.json", JSON.stringify(releases, null, 1));
  const kept = new Set(["manifest.json", "releases.json", "sw.js", ...releases.flatMap((release) => release.files)]);
  for (const name of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const file = join(name.parentPath, name.name);
    if (!kept.has(file.slice(DIST.length + 1).replace(/\.(br|gz)$/, ""))) rmSync(file, { force: true });
  }
}

/** @returns {import("vite").Plugin} */
function release() {
  return {
    name: "release",
    apply: "build",
    buildStart() {
      for (const name of ICONS)
        this.emitFile({
          type: "asset",
          name: name.split("/").at(-1),
          originalFileName: name,
          source: readFileSync(join(ROOT, name)),
        });
    },
    writeBundle(_options, bundle) {
      const files = Object.keys(bundle)
        .filter((name) => name !== "manifest.json")
        .sort();
      const worker = readFileSync(join(ROOT, "js/sw.js"), "utf8");
      const template = join(ROOT, "../templates/walker/shell.html");
      const parts = [...files, worker, existsSync(template) ? readFileSync(template, "utf8") : ""];
      const id = createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 12);
      const walker = walkerFiles(bundle);
      const sums = Object.fromEntries(Object.values(walker).flat().map((name) => [name, sumOf(name)]));
      put("sw.js", `self.RELEASE = ${JSON.stringify({ id, ...walker, sums })};\n${worker}`);
      for (const name of files) compress(name);
      compress("sw.js", { again: true });
      keepReleases(id, files);
    },
  };
}

/**
 * Indentation within templates is nothing that a reader sees, and some 250 bytes that a phone would fetch.
 * @returns {import("vite").Plugin}
 */
function outdented() {
  return {
    name: "outdented",
    apply: "build",
    transform: (code, id) => (/static\/js\/.*\.js$/.test(id) ? { code: code.replace(/\n[ \t]+/g, "\n"), map: null } : null),
  };
}

export default defineConfig({
  define: { "import.meta.env.VITE_FACES": JSON.stringify(existsSync(MODEL)) },
  root: ROOT,
  base: BASE,
  publicDir: false,
  assetsInclude: ["**/*.onnx"],
  plugins: [outdented(), release()],
  worker: { format: "es" },
  experimental: { renderBuiltUrl: (name) => (WORKERS.test(name) ? `/app/${name}` : undefined) },
  build: {
    outDir: DIST,
    emptyOutDir: false,
    manifest: "manifest.json",
    assetsInlineLimit: 0,
    // Only styles are fetched ahead of their script, and what a map on a page is drawn with: the list of everything else
    // would be part of the shell.
    modulePreload: {
      polyfill: false,
      resolveDependencies: (name, needs) => {
        const ahead = /assets\/drawing-/.test(name) ? /(drawing|maplibre)-[^/]*\.(js|css)$/ : /\.css$/;
        return needs.filter((one) => ahead.test(one));
      },
    },
    target: ["chrome111", "firefox114", "safari16.4"],
    // light-dark() is left as it is: lowered, a dark island on a light page would lose its colours.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: ENTRIES.filter((name) => existsSync(join(ROOT, name))).map((name) => join(ROOT, name)),
      // A chunk of its own keeps its name, and its place in caches, when only our own code changes.
      output: {
        hashCharacters: "hex", // six bits of chance a letter do not compress, four do
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: "maplibre", test: /node_modules\/maplibre-gl\/.*\.mjs$/ },
            { name: "shell", test: SHELL },
            { name: "base", test: /js\/(i18n|ids|trusted)\.js$|locales\/da\.json|vite\/preload-helper/ }, // what every page's script needs
            { name: "walking", test: WALKING },
            { name: "beside", test: NEAR },
            { name: "copy", test: /js\/copy\.js|locales\/copy\.json|node_modules\/client-zip\// },
            { name: "installed", test: /js\/(installed\/\w+|screens\/shared)\.js|locales\/installed\.json/ },
          ],
        },
      },
    },
  },
});
