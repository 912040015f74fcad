package settings

import "reflect"

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

// smallestCPU and smallestMemoryGiB are Fargate's smallest size.
const (
	smallestCPU       = "0.25"
	smallestMemoryGiB = "0.5"
)

// entryDefaults are the defaults of what a list or a map has, and of sections that can be left out.
var entryDefaults = map[reflect.Type]func() any{
	// The least powerful policy.
	reflect.TypeFor[AccessEntry](): func() any { return &AccessEntry{Policy: AccessView} },
	reflect.TypeFor[App](): func() any {
		return &App{User: 65532, Database: true, PasswordVersion: 1, ErrorLogs: `$.level = "ERROR" || $.log = "*ERROR*"`}
	},
	reflect.TypeFor[Web](): func() any {
		return &Web{
			Port:         8080,
			Health:       Health{Path: "/health", StartSeconds: 300},
			Metrics:      Metrics{Path: "/metrics"},
			CPU:          smallestCPU,
			MemoryGiB:    smallestMemoryGiB,
			Replicas:     WebReplicas{Min: 2, Max: 6, CPUPercent: 70, MemoryPercent: 80},
			AllowedCIDRs: []string{"0.0.0.0/0"},
			WAF:          WAF{CountRules: []string{sizeOfBody}, RequestsPer5Minutes: 2000},
		}
	},
	reflect.TypeFor[Worker](): func() any {
		return &Worker{
			CPU: smallestCPU, MemoryGiB: smallestMemoryGiB,
			Replicas: Replicas{Min: 1, Max: 5, CPUPercent: 70, MemoryPercent: 80},
		}
	},
	reflect.TypeFor[Job](): func() any {
		return &Job{CPU: smallestCPU, MemoryGiB: smallestMemoryGiB, TimeZone: "UTC", DeadlineMinutes: 60}
	},
	reflect.TypeFor[Release](): func() any {
		return &Release{CPU: smallestCPU, MemoryGiB: smallestMemoryGiB, DeadlineMinutes: 10}
	},
}

// fresh returns a pointer to a new value of the type, with its defaults.
func fresh(t reflect.Type) reflect.Value {
	if defaults, ok := entryDefaults[t]; ok {
		return reflect.ValueOf(defaults())
	}
	return reflect.New(t)
}
