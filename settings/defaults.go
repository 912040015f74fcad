package settings

// Defaults are the settings of an environment whose file leaves everything out. A file is
// decoded on top of them, so that a zero in the file is a zero and not a default.
func Defaults() *Environment {
	return &Environment{
		Project:          "plinth",
		Repository:       "plinth",
		LogRetentionDays: 30,
		State:            State{OldVersionDays: 90},
		CI: CI{
			Provider:       CIGitLab,
			Audience:       "sts.amazonaws.com",
			Branches:       []string{"main"},
			SessionMinutes: 60,
		},
		Network: Network{
			NAT:      NATSingle,
			FlowLogs: true,
			Bastion:  Bastion{InstanceType: "t4g.nano", IdleMinutes: 20, MaxMinutes: 480},
			VPN:      VPN{SessionHours: 8},
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
			Backup:              Backup{KeepDays: 90, CopyKeepDays: 30},
		},
		Registry: Registry{KeepImages: 30, UntaggedDays: 7},
		Cluster:  Cluster{Version: "1.35"},
		App: App{
			Name:         "app",
			CPU:          "0.25",
			MemoryGiB:    "0.5",
			Replicas:     Replicas{Min: 2, Max: 6, CPUPercent: 70, MemoryPercent: 80},
			AllowedCIDRs: []string{"0.0.0.0/0"},
			WAF:          WAF{RequestsPer5Minutes: 2000},
		},
		Observability: Observability{
			Alarms: Alarms{
				ErrorPercent:        5,
				LatencyMilliseconds: 1000,
				ErrorLogs:           10,
				DatabaseCPUPercent:  80,
				ReplicaLagSeconds:   600,
			},
			Budget:     Budget{Percent: 80},
			Prometheus: Prometheus{ScrapeSeconds: 30},
			Loki:       Loki{RetentionDays: 30},
		},
	}
}

// defaultAccess is what an entry of cluster.access starts as: the least powerful policy.
func defaultAccess() Access {
	return Access{Policy: AccessView}
}
