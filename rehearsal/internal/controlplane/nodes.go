package controlplane

// BadTag is an image tag that no registry has: its container waits for the image forever.
const BadTag = "missing"

// nodes are three nodes, each in its own zone. Fargate has a node per pod; here pods share them.
const nodes = `{apiVersion: v1, kind: List, items: [
  {apiVersion: v1, kind: Node, metadata: {name: fargate-a, annotations: {kwok.x-k8s.io/node: fake}, labels: {
    eks.amazonaws.com/compute-type: fargate, topology.kubernetes.io/zone: a, kubernetes.io/os: linux, kubernetes.io/arch: amd64}},
    status: {capacity: {cpu: 16, memory: 120Gi, pods: 100}, allocatable: {cpu: 16, memory: 120Gi, pods: 100}}},
  {apiVersion: v1, kind: Node, metadata: {name: fargate-b, annotations: {kwok.x-k8s.io/node: fake}, labels: {
    eks.amazonaws.com/compute-type: fargate, topology.kubernetes.io/zone: b, kubernetes.io/os: linux, kubernetes.io/arch: amd64}},
    status: {capacity: {cpu: 16, memory: 120Gi, pods: 100}, allocatable: {cpu: 16, memory: 120Gi, pods: 100}}},
  {apiVersion: v1, kind: Node, metadata: {name: fargate-c, annotations: {kwok.x-k8s.io/node: fake}, labels: {
    eks.amazonaws.com/compute-type: fargate, topology.kubernetes.io/zone: c, kubernetes.io/os: linux, kubernetes.io/arch: amd64}},
    status: {capacity: {cpu: 16, memory: 120Gi, pods: 100}, allocatable: {cpu: 16, memory: 120Gi, pods: 100}}},
]}`

// ownStages extend kwok's stages, with more weight where both match: a container with a missing
// image waits, and a pod of helm test succeeds.
// https://kwok.sigs.k8s.io/docs/user/stages-configuration/
const ownStages = `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: image-missing}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
      - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
      - {key: .status.phase, operator: In, values: [Pending]}
      - {key: '.spec.containers.[] | select( .image | endswith(":` + BadTag + `") ) | .name', operator: Exists}
  weight: 1
  next:
    statusTemplate: |
      phase: Pending
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        ready: false
        restartCount: 0
        state: {waiting: {reason: ImagePullBackOff, message: "Back-off pulling image"}}
      {{ end }}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: hook-complete}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchAnnotations: {helm.sh/hook: test}
    matchExpressions:
      - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
      - {key: .status.phase, operator: In, values: [Running]}
  next:
    statusTemplate: |
      phase: Succeeded
`
