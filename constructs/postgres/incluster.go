package postgres

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// InCluster describes a server that a Helm chart runs in the cluster.
type InCluster struct {
	// Host is the server's host name in the cluster.
	Host string
	// DatabaseName is the database in the server.
	DatabaseName string
	// Username owns the database. SecretName is the secret with its password, which never changes.
	Username   string
	SecretName string
	// KeyArn encrypts the password.
	KeyArn *string
}

// NewInCluster creates the only part outside the cluster, the password. It is not protected from
// deletion, because neither is the data.
func NewInCluster(scope constructs.Construct, id string, config InCluster) *Postgres {
	this := constructs.NewConstruct(scope, &id)
	// Terraform does not need the password here, but reads it back all the same. That adds the variable
	// PlanOnly, by which programs recognize a stack that reads a secret.
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
