package settings

// Defaults returns the settings of an environment with an empty file. A file is decoded on top of them,
// so that a zero in the file stays a zero.
func Defaults() *Environment {
	return &Environment{
		Project:          "plinth",
		Repository:       "plinth",
		DedicatedAccount: true,
		LogRetentionDays: 30,
		State:            State{NoncurrentVersionRetentionDays: 90},
		CI: CI{
			Provider:          CIGitLab,
			MaxSessionMinutes: 60,
		},
		Network: Network{
			NAT:      NATSingle,
			FlowLogs: true,
			Bastion:  Bastion{InstanceType: "t4g.nano", IdleTimeoutMinutes: 20, MaxSessionMinutes: 480},
			VPN:      VPN{SessionTimeoutHours: 8},
		},
		Database: Database{
			Engine:              EnginePostgres,
			Version:             "17",
			Name:                "app",
			Username:            "plinth",
			PasswordVersion:     1,
			StorageGiB:          20,
			MaxStorageGiB:       100,
			Autoscaling:         ReplicaAutoscaling{Min: 1, Max: 3, CPUPercent: 60},
			BackupRetentionDays: 7,
			BackupWindow:        "02:00-03:00",
			MaintenanceWindow:   "sun:03:30-sun:04:30",
			AWSBackup:           AWSBackup{RetentionDays: 90, CopyRetentionDays: 30, Lock: VaultLock{Mode: LockNone}},
		},
		Registry: Registry{MaxTaggedImages: 30, UntaggedRetentionDays: 7},
		Cluster:  Cluster{Version: "1.35"},
		App: App{
			Name:         "app",
			CPU:          "0.25",
			MemoryGiB:    "0.5",
			Replicas:     Replicas{Min: 2, Max: 6, CPUPercent: 70, MemoryPercent: 80},
			AllowedCIDRs: []string{"0.0.0.0/0"},
			WAF:          WAF{CountRules: []string{sizeOfBody}, RequestsPer5Minutes: 2000},
		},
		Observability: Observability{
			Alarms: Alarms{
				ErrorRatePercent:       5,
				P95LatencyMilliseconds: 1000,
				ErrorLogsPer5Minutes:   10,
				DatabaseCPUPercent:     80,
				ReplicaLagSeconds:      600,
			},
			Budget:     Budget{ThresholdPercent: 80},
			Prometheus: Prometheus{ScrapeIntervalSeconds: 30},
			Loki:       Loki{RetentionDays: 30},
		},
	}
}

// defaultAccess returns the defaults of an entry of cluster.accessEntries: the least powerful policy.
func defaultAccess() AccessEntry {
	return AccessEntry{Policy: AccessView}
}
