// Checks glTF files with Khronos' validator and prints its reports as one JSON object {file: report}.
// Usage: node validate_glb.mjs FOLDER_OF_NODE_MODULES FILE...
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [modules, ...files] = process.argv.slice(2);
const validator = createRequire(join(resolve(modules), "node_modules", "index.js"))("gltf-validator");
const reports = {};
for (const file of files) {
  reports[file] = await validator.validateBytes(new Uint8Array(readFileSync(file)), { writeTimestamp: false });
}
process.stdout.write(JSON.stringify(reports));
