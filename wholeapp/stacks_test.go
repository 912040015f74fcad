package wholeapp

import (
	"fmt"
	"strings"
)

// order is the order of deployment. data and cluster do not depend on each other.
var order = map[string]int{bootstrap: -1, "network": 0, "data": 1, "cluster": 1, "addons": 2, "app": 3, "observability": 4}

func oneWay(p platform) (broken []string) {
	for _, e := range p.elements() {
		if e.kind != "terraform_remote_state" {
			continue
		}
		from := strings.TrimPrefix(e.name, "cross-stack-reference-input-")
		if environment(from) != environment(e.stack) {
			broken = append(broken, e.String()+": reads another environment")
		}
		if order[layer(from)] >= order[layer(e.stack)] {
			broken = append(broken, e.String()+": reads a stack that comes later")
		}
	}
	for stack := range p.stacks {
		if _, known := order[layer(stack)]; !known {
			broken = append(broken, stack+": add it to the order of this test")
		}
	}
	return broken
}

func kubernetesProviders(p platform) (broken []string) {
	for stack, document := range p.stacks {
		for _, provider := range []string{"kubernetes", "helm"} {
			_, uses := document["provider"].(object)[provider]
			if allowed := order[layer(stack)] > order["cluster"]; uses && !allowed {
				broken = append(broken, stack+": configures "+provider+" beside or below the cluster itself")
			}
		}
	}
	return broken
}

func stateApart(p platform) (broken []string) {
	keys := map[string]string{}
	for stack, document := range p.stacks {
		backend := dig(document, "terraform", "backend", "s3").(object)
		place := fmt.Sprint(backend["bucket"], "/", backend["key"])
		if other, taken := keys[place]; taken {
			broken = append(broken, stack+": keeps its state where "+other+" does")
		}
		keys[place] = stack
		if backend["use_lockfile"] != true {
			broken = append(broken, stack+": two deployments could write its state at once")
		}
		if dig(document, "terraform", "required_version") == nil {
			broken = append(broken, stack+": any Terraform version will do")
		}
		if len(strs(dig(document, "provider", "aws", "allowed_account_ids"))) != 1 {
			broken = append(broken, stack+": any account will do")
		}
	}
	return broken
}
