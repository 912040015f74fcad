// Loaded with synthesis/preload.cjs into jsii's process. Counts the messages that it receives, by
// kind and requested name, and writes the counts to the file in BENCH_MESSAGES.
"use strict";

const fs = require("fs");

if (process.env.BENCH_MESSAGES && /[\\/]jsii-runtime\.js$/.test(process.argv[1] ?? "")) {
  const counts = {};
  const { readSync } = fs;
  let rest = "";
  fs.readSync = (fd, buffer, ...others) => {
    const length = readSync(fd, buffer, ...others);
    if (fd === 3) {
      const lines = (rest + buffer.toString("utf8", 0, length)).split("\n");
      rest = lines.pop();
      lines.filter(Boolean).forEach(count);
    }
    return length;
  };
  process.on("exit", () => fs.writeFileSync(process.env.BENCH_MESSAGES, JSON.stringify(counts)));

  function count(line) {
    const message = JSON.parse(line);
    const kind = message.api ?? Object.keys(message)[0];
    const asked = message.property ?? message.method ?? message.fqn ?? "";
    counts[kind] ??= {};
    counts[kind][asked] = (counts[kind][asked] ?? 0) + 1;
  }
}
