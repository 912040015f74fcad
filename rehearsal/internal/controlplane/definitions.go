package controlplane

// definitions are the custom resource definitions that EKS makes in every cluster, as far as charts here use
// them.
// https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html
const definitions = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: securitygrouppolicies.vpcresources.k8s.aws
spec:
  group: vpcresources.k8s.aws
  names: {kind: SecurityGroupPolicy, plural: securitygrouppolicies, singular: securitygrouppolicy}
  scope: Namespaced
  versions:
    - name: v1beta1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                podSelector: {type: object, x-kubernetes-preserve-unknown-fields: true}
                serviceAccountSelector: {type: object, x-kubernetes-preserve-unknown-fields: true}
                securityGroups:
                  type: object
                  properties:
                    groupIds: {type: array, minItems: 1, items: {type: string}}
`
