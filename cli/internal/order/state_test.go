package order

import "testing"

// TestInventory covers states that Terraform itself would refuse.
func TestInventory(t *testing.T) {
	for name, test := range map[string]struct{ state, want string }{
		"not JSON":       {secret, "it is not Terraform's JSON"},
		"a wrong type":   {`{"version":4,"resources":"` + secret + `"}`, "it is not Terraform's JSON"},
		"another format": {`{"version":5}`, "its format version is 5, only 4 is supported"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := takeInventory([]byte(test.state))
			if err == nil {
				t.Fatal("accepted")
			}
			mustBe(t, err.Error(), test.want)
		})
	}
}
