package settings

import (
	"slices"
	"strconv"
)

// fargateSize is a vCPU size of Fargate, with its memory sizes.
type fargateSize struct {
	cpu       string
	request   string // the CPU as Kubernetes writes it
	memoryMiB []int
}

// fargateSizes are the only sizes of pods: Fargate rounds any other request up to one of them.
//
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-pod-configuration.html
var fargateSizes = []fargateSize{
	{"0.25", "250m", []int{512, 1024, 2048}},
	{"0.5", "500m", steps(1, 4, 1)},
	{"1", "1", steps(2, 8, 1)},
	{"2", "2", steps(4, 16, 1)},
	{"4", "4", steps(8, 30, 1)},
	{"8", "8", steps(16, 60, 4)},
	{"16", "16", steps(32, 120, 8)},
}

// steps returns the sizes from least to most in MiB. Its arguments are in GiB.
func steps(least, most, step int) []int {
	var sizes []int
	for gib := least; gib <= most; gib += step {
		sizes = append(sizes, gib*1024)
	}
	return sizes
}

// kubernetesMiB is the memory that Fargate adds to each pod's request for kubelet, kube-proxy and
// containerd, before it rounds up to a size (same page).
const kubernetesMiB = 256

// Size is a pod's size: the vCPU and GiB of a setting, of Fargate's.
type Size struct{ CPU, MemoryGiB string }

// Size returns the size of each pod.
func (w *Web) Size() Size { return Size{w.CPU, w.MemoryGiB} }

// Size returns the size of each pod.
func (w *Worker) Size() Size { return Size{w.CPU, w.MemoryGiB} }

// Size returns the size of the pod.
func (j *Job) Size() Size { return Size{j.CPU, j.MemoryGiB} }

// Size returns the size of the pod.
func (r *Release) Size() Size { return Size{r.CPU, r.MemoryGiB} }

// CPURequest returns the CPU request for all containers of a pod together. It is in Kubernetes' canonical
// form: 250m, 1.
func (s Size) CPURequest() string {
	size, _ := s.fargate()
	return size.request
}

// MemoryRequest returns the memory request for all containers of a pod together, such as 256Mi for
// 0.5 GiB. Fargate adds 256 MiB: it would round a request of all of MemoryGiB up to the next, more
// expensive size.
func (s Size) MemoryRequest() string {
	size, _ := s.fargate()
	mib := memoryMiB(size, s.MemoryGiB)
	if mib == 0 {
		return ""
	}
	return strconv.Itoa(mib-kubernetesMiB) + "Mi"
}

func (s Size) fargate() (fargateSize, bool) {
	i := slices.IndexFunc(fargateSizes, func(size fargateSize) bool { return size.cpu == s.CPU })
	if i < 0 {
		return fargateSize{}, false
	}
	return fargateSizes[i], true
}

// memoryMiB returns the size's memory that equals gib, in MiB, or 0.
func memoryMiB(size fargateSize, gib string) int {
	for _, mib := range size.memoryMiB {
		if formatGiB(mib) == gib {
			return mib
		}
	}
	return 0
}

func formatGiB(mib int) string {
	return strconv.FormatFloat(float64(mib)/1024, 'f', -1, 64)
}

// describe lists the memory sizes in GiB: "0.5, 1 or 2", "4 to 16", "16 to 60 in steps of 4".
func (s fargateSize) describe() string {
	first, last := s.memoryMiB[0], s.memoryMiB[len(s.memoryMiB)-1]
	text := formatGiB(first) + " to " + formatGiB(last)
	switch step := s.memoryMiB[1] - first; {
	case len(s.memoryMiB) == 3:
		return formatGiB(first) + ", " + formatGiB(s.memoryMiB[1]) + " or " + formatGiB(last)
	case step > 1024:
		return text + " in steps of " + formatGiB(step)
	}
	return text
}

// checkSize checks the cpu and memoryGiB below a path.
func (d *document) checkSize(path string, of Size) {
	cpu, memory := path+".cpu", path+".memoryGiB"
	if !d.isValid(cpu) {
		return
	}
	size, ok := of.fargate()
	if !ok {
		cpus := make([]string, len(fargateSizes))
		for i, size := range fargateSizes {
			cpus[i] = size.cpu
		}
		d.report(cpu, "must be a CPU that Fargate offers (%s), is %s", list(cpus, "or"), quote(of.CPU))
		return
	}
	if d.isValid(memory) && memoryMiB(size, of.MemoryGiB) == 0 {
		d.report(memory, "must be what Fargate offers with cpu %s (%s), is %s",
			size.cpu, size.describe(), quote(of.MemoryGiB))
	}
}
