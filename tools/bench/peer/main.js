// A CDKTF program in JavaScript that makes the same as Plinth: node main.js <Plinth's output>.
//
// It reads Plinth's Terraform JSON and makes each provider, resource, data source, output and
// backend with the typed classes of the same provider packages, imported one by one. It turns a
// reference in the JSON into what a program would write: an attribute of the other object, in
// whichever stack. So CDKTF has the same references to resolve, and makes the outputs and remote
// states between stacks itself.
"use strict";
const fs = require("fs");
const path = require("path");
const cdktf = require("cdktf");

const classes = {}; // by folder and type
const properties = {}; // camelCase by snake_case
const references = // in expressions: an output of another stack, or an attribute of this one's
  /(?<![\w.])data\.terraform_remote_state\.cross-stack-reference-input-([\w-]+)\.outputs\.([\w-]+)|(?<![\w.])((?:data\.)?(?:aws|kubernetes|helm)_\w+\.[\w-]+)\.([\w.[\]]+)/g;

const input = process.argv[2];
const started = performance.now();
const manifest = readJSON("manifest.json");
const stacks = {};
for (const { name, synthesizedStackPath } of Object.values(manifest.stacks)) {
  stacks[name] = { made: {}, providers: {}, json: readJSON(synthesizedStackPath) };
}
// The benchmark subtracts this: a handwritten program has its input in its source.
console.log(JSON.stringify({ read: performance.now() - started }));

const app = new cdktf.App();
for (const name of Object.keys(stacks)) {
  stacks[name].construct = new cdktf.TerraformStack(app, name);
}
for (const name of Object.keys(stacks)) fill(name);
app.synth();

function readJSON(file) {
  return JSON.parse(fs.readFileSync(path.join(input, file), "utf8"));
}

// fill makes everything in a stack.
function fill(name) {
  const { construct, json } = stacks[name];
  for (const dependency of manifest.stacks[name].dependencies) construct.addDependency(stacks[dependency].construct);

  const [[kind, { use_lockfile, ...backend }]] = Object.entries(json.terraform.backend);
  new cdktf[`${pascal(kind)}Backend`](construct, config(name, cdktf, `${kind}Backend`, backend));
  if (use_lockfile) construct.addOverride(`terraform.backend.${kind}.use_lockfile`, use_lockfile);
  construct.addOverride("terraform.required_version", json.terraform.required_version);
  if (json.ephemeral) construct.addOverride("ephemeral", json.ephemeral);

  for (const [provider, configs] of Object.entries(json.provider ?? {})) {
    for (const values of configs) {
      const reference = [provider, values.alias].filter(Boolean).join(".");
      stacks[name].providers[reference] = make(name, `provider.${reference}`, "provider", provider, values);
    }
  }
  for (const [kind, prefix] of [["resource", ""], ["data", "data."]]) {
    for (const [type, instances] of Object.entries(json[kind] ?? {})) {
      // CDKTF makes remote states itself.
      if (type !== "terraform_remote_state") for (const id of Object.keys(instances)) find(name, `${prefix}${type}.${id}`);
    }
  }
  for (const [id, { value, description, sensitive }] of Object.entries(json.output ?? {})) {
    if (id.startsWith("cross-stack-output-")) continue;
    const output = new cdktf.TerraformOutput(construct, `output.${id}`, { value: convert(name, value), description, sensitive });
    output.overrideLogicalId(id);
  }
}

// find returns the object with a Terraform address, and makes it on first use.
function find(stack, address) {
  const { made, json } = stacks[stack];
  if (!made[address]) {
    const [, data, type, id] = /^(data\.)?(\w+)\.([\w-]+)$/.exec(address);
    const values = json[data ? "data" : "resource"][type][id];
    const found = make(stack, address, data ? `data_${type}` : type.slice(type.indexOf("_") + 1), type, values);
    found.overrideLogicalId(id);
    made[address] = found;
  }
  return made[address];
}

// make makes an object of a typed class: for aws_vpc the Vpc of @cdktf/provider-aws/lib/vpc, for
// its data source the DataAwsVpc of lib/data-aws-vpc.
function make(stack, id, folder, type, values) {
  if (type === "terraform_data") return untyped(stack, id, type, values);
  const module = require(`@cdktf/provider-${type.split("_")[0]}/lib/${folder.replaceAll("_", "-")}`);
  const Class = (classes[folder + type] ??= Object.values(module).find((each) => each.tfResourceType === type));
  return new Class(stacks[stack].construct, id, config(stack, module, Class.name[0].toLowerCase() + Class.name.slice(1), values));
}

// untyped makes a resource of Terraform's own provider as Plinth does: cdktf's class for it would
// run the terraform binary in every synth.
function untyped(stack, id, terraformResourceType, { "//": _, depends_on = [], ...values }) {
  const dependsOn = depends_on.map((address) => find(stack, address));
  const resource = new cdktf.TerraformResource(stacks[stack].construct, id, { terraformResourceType, dependsOn });
  for (const [key, value] of Object.entries(values)) resource.addOverride(key, convert(stack, value));
  return resource;
}

// config converts Terraform's arguments to a class's: vpc_id to vpcId, also in nested blocks,
// which, unlike maps, have a function <prefix><Block>ToTerraform.
function config(stack, module, prefix, values) {
  const result = {};
  for (const [key, value] of Object.entries(values)) {
    const block = prefix + pascal(key);
    if (key === "//") continue;
    else if (key === "provider" && stacks[stack].providers[value]) result.provider = stacks[stack].providers[value];
    else if (key === "depends_on") result.dependsOn = value.map((address) => find(stack, address));
    else if (key === "lifecycle") result.lifecycle = config(stack, {}, key, value);
    else if (!module[`${block}ToTerraform`]) result[camel(key)] = convert(stack, value);
    else if (Array.isArray(value)) result[camel(key)] = value.map((each) => config(stack, module, block, each));
    else result[camel(key)] = config(stack, module, block, value);
  }
  return result;
}

// convert replaces the references in a value with tokens.
function convert(stack, value) {
  if (Array.isArray(value)) return value.map((each) => convert(stack, each));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, convert(stack, each)]));
  if (typeof value !== "string") return value;
  const folder = /^assets\/([\w-]+)\/\w+$/.exec(value);
  if (folder) return new cdktf.TerraformAsset(stacks[stack].construct, folder[1], { path: path.resolve(input, "stacks", stack, value) }).path;
  if (!value.includes("${")) return value;
  let text = "";
  for (const part of split(value)) text += part.startsWith("${") ? cdktf.Token.asString(expression(stack, part.slice(2, -1))) : part;
  return text;
}

// split splits a string into literals and ${expressions}.
function split(text) {
  const parts = [];
  let start = 0;
  for (let at = text.indexOf("${"); at >= 0; at = text.indexOf("${", start)) {
    if (text[at - 1] === "$") return [...parts, text.slice(start)];
    let end = at + 2;
    for (let depth = 1; depth > 0; end++) depth += text[end] === "{" ? 1 : text[end] === "}" ? -1 : 0;
    parts.push(text.slice(start, at), text.slice(at, end));
    start = end;
  }
  return [...parts, text.slice(start)];
}

// expression returns a token for the text between ${ and }: a reference, or for anything else,
// such as a function call, an object that resolves the references in it.
function expression(stack, text) {
  const parts = [];
  let start = 0;
  for (const match of text.matchAll(references)) {
    const [all, otherStack, output, address, attribute] = match;
    const token = output
      ? expression(otherStack, stacks[otherStack].json.output[output].value.slice(2, -1))
      : find(stack, address).interpolationForAttribute(attribute);
    if (all === text) return token;
    parts.push(text.slice(start, match.index), token);
    start = match.index + all.length;
  }
  parts.push(text.slice(start));
  return {
    creationStack: [],
    toString: () => text,
    resolve(context) {
      const { suppressBraces, ignoreEscapes, warnEscapes } = context;
      Object.assign(context, { suppressBraces: true, ignoreEscapes: true, warnEscapes: true });
      const joined = parts.map((part) => (typeof part === "string" ? part : context.resolve(part))).join("");
      Object.assign(context, { ignoreEscapes, warnEscapes });
      return suppressBraces ? joined : `\${${joined}}`;
    },
  };
}

function camel(name) {
  return (properties[name] ??= name.replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase()));
}

function pascal(name) {
  const text = camel(name);
  return text[0].toUpperCase() + text.slice(1);
}
