// Reads policies by their names, and calls with the names of those that they meet, and writes iam-simulate's
// verdict on each, and which keys of the calls may have several values.
import { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy, validateTrustPolicy } from '@cloud-copilot/iam-policy'
import { isConditionKeyArray, runSimulation, runUnsafeSimulation, typeForContextKey } from '@cloud-copilot/iam-simulate'
import { json } from 'node:stream/consumers'

// iam-policy compares operators with it, and each time makes a collator, which takes longer than all else.
const collators = {}
String.prototype.localeCompare = function (that, locales, options) {
  return (collators[`${locales} ${options?.sensitivity}`] ??= new Intl.Collator(locales, options)).compare(this, that)
}

const { policies, calls } = await json(process.stdin)

// Each is validated once.
function validated(validate) {
  const known = {}
  return (name) => (known[name] ??= { name, policy: createValidatedPolicy(policies[name], validate, { name }) })
}
const ofIdentity = validated(validateIdentityPolicy)
const ofResource = validated(validateResourcePolicy)
const ofRole = validated(validateTrustPolicy)

function simulation({ principal, action, resource, context, identity, boundary, policy }) {
  return {
    request: { principal, action, resource: { resource, accountId: principal.split(':')[4] }, contextVariables: context },
    identityPolicies: identity.map(ofIdentity),
    permissionBoundaryPolicies: boundary && [ofIdentity(boundary)],
    resourcePolicy: policy && (action.startsWith('sts:') ? ofRole : ofResource)(policy).policy,
    serviceControlPolicies: [],
    resourceControlPolicies: []
  }
}

async function decided(call) {
  const result = await runSimulation(simulation(call), { simulationMode: 'Strict' })
  if (result.resultType === 'error') throw Error(result.errors.message === 'policy.errors' ? JSON.stringify(result.errors) : result.errors.message)
  return { decision: result.overallResult, ignored: (result.result ?? result.results[0])?.ignoredContextKeys }
}

// Where its data lack a resource or a key, which is an error, it decides without them.
function decidedAlone(call) {
  const context = Object.entries(call.context).map(([key, values]) => [key, values.length === 1 ? values[0] : values])
  return runUnsafeSimulation(simulation({ ...call, context: Object.fromEntries(context) }), {})
}

const verdicts = []
for (const call of calls) {
  // It has not the keys of a token's provider.
  if (call.action.startsWith('sts:')) verdicts.push({ decision: decidedAlone(call) })
  else verdicts.push(await decided(call).catch((error) => ({ decision: decidedAlone(call), error: error.message })))
}

const multivalued = []
for (const key of new Set(calls.flatMap((call) => Object.keys(call.context)))) {
  if (isConditionKeyArray(await typeForContextKey(key).catch(() => 'String'))) multivalued.push(key)
}
process.stdout.write(JSON.stringify({ verdicts, multivalued }))
