package postgres

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// InCluster is what must be known of a server that a Helm chart runs in the cluster.
type InCluster struct {
	// Host is where the server will answer in the cluster.
	Host string
	// DatabaseName is the database in the server.
	DatabaseName string
	// Username owns it. Its password goes into the secret called SecretName, and stays what it is.
	Username   string
	SecretName string
	// KeyArn encrypts the password.
	KeyArn *string
}

// NewInCluster makes what there is outside of the cluster: the password. Nothing protects it, since it
// is worth as little as the data.
func NewInCluster(scope constructs.Construct, id string, config InCluster) *Postgres {
	this := constructs.NewConstruct(scope, &id)
	// Terraform has no use for the password here, and reads it back all the same: what comes with that,
	// PlanOnly, is how programs know a stack that holds a secret.
	master := newPassword(&shared{scope: this, config: Config{
		Name:            "PostgreSQL in the cluster",
		Username:        config.Username,
		SecretName:      config.SecretName,
		PasswordVersion: 1,
		KeyArn:          config.KeyArn,
	}})
	return &Postgres{
		Construct:      this,
		Endpoint:       jsii.String(config.Host),
		ReaderEndpoint: jsii.String(config.Host),
		Name:           config.DatabaseName,
		SecretArn:      master.secretArn,
	}
}
