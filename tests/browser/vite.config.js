// Builds phone.js, the modules as tests call them, into the folder given with --outDir.
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "/bench/",
  publicDir: false,
  worker: { format: "es" },
  build: {
    minify: false,
    target: "es2023",
    emptyOutDir: true,
    rolldownOptions: { input: "phone.js", output: { entryFileNames: "phone.js", chunkFileNames: "[name].js" } },
  },
});
