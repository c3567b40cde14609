// Builds static/viewer/ from src/: `npm ci && npm run build`. The result is committed.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";

const OUT = new URL("../../../static/viewer/", import.meta.url).pathname;

const { metafile } = await build({
  entryPoints: ["src/main.js"],
  outfile: `${OUT}viewer.js`,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  loader: { ".css": "text" },
  legalComments: "none",
  metafile: true,
});

const packages = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const found = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found) packages.add(found[1]);
}
const texts = [];
for (const name of [...packages].sort()) {
  const folder = `node_modules/${name}/`;
  const { version, license } = JSON.parse(await readFile(`${folder}package.json`, "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = (await readFile(folder + file, "utf8")).trim();
  texts.push(`${name} ${version} (${license})\n\n${text}\n`);
}
// A test compares this with the sources as they are: it needs no Node to see that a build is due.
const sources = createHash("sha256");
for (const file of [...(await readdir("src")).sort().map((name) => `src/${name}`), "package-lock.json"]) {
  sources.update(await readFile(file));
}
await writeFile(`${OUT}sources.sha256`, `${sources.digest("hex")}\n`);
await writeFile(`${OUT}LICENSES.txt`, texts.join(`\n${"-".repeat(72)}\n\n`));
