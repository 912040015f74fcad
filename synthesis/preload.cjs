// Preloaded into the Node.js process that jsii starts (see newApp in synthesis.go). It
// changes how jsii's runtime runs, not what it computes. Without it everything works, but slower.
"use strict";

// Replacements in cdktf's files as Node.js loads them, as [text, replacement] pairs. Most strings that
// cdktf renders, keys above all, contain no token. Without these pairs it searches each six times, in
// a new context, and writes out its path for a message that it never prints.
// https://github.com/hashicorp/terraform-cdk/blob/v0.21.0/packages/cdktf/lib/tokens/private/resolve.ts
const quicker = {
  "cdktf/lib/tokens/private/resolve.js": [
    [
      "function resolve(obj, options) {",
      // cdktf writes a number's token as a number of this size, other tokens with these names.
      `const marks = /TfToken\\[|e\\+289|Map Token Value/;
       const isPlain = (x) => typeof x === "string" ? !marks.test(x) : typeof x === "boolean";
       function resolve(obj, options) {
         if (isPlain(obj)) return obj;`,
    ],
    [`const pathName = "/" + prefix.join("/");`, `const pathName = { toString: () => "/" + prefix.join("/") };`],
    ["makeContext()[0].resolve(key)", "isPlain(key) ? key : makeContext()[0].resolve(key)"],
    ["makeContext(key)[0].resolve(obj[key])", "isPlain(obj[key]) ? obj[key] : makeContext(key)[0].resolve(obj[key])"],
  ],
  "cdktf/lib/util.js": [
    [
      "function snakeCase(str) {",
      `const snakes = new Map();
       function snakeCase(str) {
         if (!snakes.has(str)) snakes.set(str, toSnakeCase(str));
         return snakes.get(str);
       }
       function toSnakeCase(str) {`,
    ],
  ],
};
module.exports = { quicker };

const launcher = process.argv[1] ?? "";

if (/[\\/]jsii-runtime\.js$/.test(launcher)) {
  const fs = require("fs");
  const Module = require("module");
  const path = require("path");
  const util = require("util");

  // One process instead of two: the launcher would start a second Node.js for the kernel and
  // relay to its descriptor 3. The kernel runs in the launcher's place instead.
  const { readSync, writeSync } = fs;
  fs.readSync = (fd, ...rest) => readSync(fd === 3 ? 0 : fd, ...rest);
  fs.writeSync = (fd, ...rest) => writeSync(fd === 3 ? 1 : fd, ...rest);
  for (const name of ["log", "info", "debug"]) console[name] = console.error;
  // jsii looks here to decide whether it may link to a package instead of copying it.
  process.execArgv.push("--preserve-symlinks");
  const runMain = Module.runMain;
  Module.runMain = (...rest) => {
    process.argv[1] = path.join(launcher, "..", "..", "lib", "program.js");
    return runMain.call(Module, process.argv[1], ...rest.slice(1));
  };

  // No JavaScript stack traces: cdktf takes a whole one for every token that it creates, and users
  // see none.
  Object.defineProperty(Error, "stackTraceLimit", { get: () => 0, set: () => {} });

  // No rendering of values for the messages of errors that do not happen.
  const { inspect } = util;
  const brief = (value) => (typeof value === "string" ? `'${value}'` : typeof value === "object" ? "[value]" : String(value));
  util.inspect = Object.assign((value, ...rest) => (rest.length > 0 ? inspect(value, ...rest) : brief(value)), inspect);

  // Only assets that are zip files need archiver, and its hundred modules.
  const load = Module._load;
  Module._load = function (request, ...rest) {
    const now = () => load.call(this, request, ...rest);
    return request === "archiver" ? Object.assign((...args) => now()(...args), { create: (...args) => now().create(...args) }) : now();
  };

  // Link to npm's installation: a first run would unpack the same 2,500 files of cdktf. This does not
  // work for the providers, of which the program has slim packages.
  module.exports.linkInstalled = (folder, name, version) => {
    if (name !== "cdktf" && name !== "constructs") return undefined;
    const installed = path.join(__dirname, "..", "node_modules", name);
    try {
      if (JSON.parse(fs.readFileSync(path.join(installed, "package.json"))).version !== version) return undefined;
      fs.mkdirSync(path.dirname(folder), { recursive: true });
      fs.symlinkSync(installed, folder);
      return {};
    } catch {
      return undefined; // jsii unpacks its own
    }
  };
  const unpack = "(packageCacheEnabled ? extractViaCache : extractToOutDir)(file, outDir, options, ...comments)";
  const link = `require(${JSON.stringify(__filename)}).linkInstalled(outDir, ...comments) ?? `;
  const changed = { ...quicker, [path.join("lib", "program.js")]: [[unpack, link + unpack]] };

  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    for (const [file, changes] of Object.entries(changed)) {
      if (filename.endsWith(file)) {
        for (const [text, replacement] of changes) content = content.replace(text, () => replacement);
      }
    }
    return compile.call(this, content, filename, ...rest);
  };
}
