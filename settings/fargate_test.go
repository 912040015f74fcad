package settings

import "testing"

func TestFargateRequests(t *testing.T) {
	for _, test := range []struct{ cpu, memory, cpuRequest, memoryRequest string }{
		{"0.25", "0.5", "250m", "256Mi"},
		{"0.25", "2", "250m", "1792Mi"},
		{"0.5", "1", "500m", "768Mi"},
		{"1", "8", "1", "7936Mi"},
		{"4", "30", "4", "30464Mi"},
		{"8", "60", "8", "61184Mi"},
		{"16", "120", "16", "122624Mi"},
	} {
		size := Size{test.cpu, test.memory}
		if got := size.CPURequest(); got != test.cpuRequest {
			t.Errorf("%s vCPU: request is %s, want %s", test.cpu, got, test.cpuRequest)
		}
		if got := size.MemoryRequest(); got != test.memoryRequest {
			t.Errorf("%s vCPU, %s GiB: request is %s, want %s", test.cpu, test.memory, got, test.memoryRequest)
		}
	}
}

func TestFargateSizes(t *testing.T) {
	for i, want := range []struct {
		sizes    int
		describe string
	}{
		{3, "0.5, 1 or 2"}, {4, "1 to 4"}, {7, "2 to 8"}, {13, "4 to 16"}, {23, "8 to 30"},
		{12, "16 to 60 in steps of 4"}, {12, "32 to 120 in steps of 8"},
	} {
		size := fargateSizes[i]
		if got := len(size.memoryMiB); got != want.sizes {
			t.Errorf("%s vCPU has %d sizes of memory, want %d", size.cpu, got, want.sizes)
		}
		if got := size.describe(); got != want.describe {
			t.Errorf("%s vCPU: %s, want %s", size.cpu, got, want.describe)
		}
	}
}
