{{/* What a schema cannot tell: values that are right by themselves and wrong together. */}}
{{- define "app.checks" -}}
{{- $problems := list -}}
{{- $ingress := .Values.ingress -}}
{{- with .Values.replicas -}}
{{- if gt (int .min) (int .max) -}}
{{- $problems = append $problems (printf "replicas.min (%d) must not exceed replicas.max (%d)" (int .min) (int .max)) -}}
{{- end -}}
{{- end -}}
{{- if eq (int .Values.port) (int .Values.metricsPort) -}}
{{- $problems = append $problems (printf "metricsPort (%d) must not be port, which the Ingress shows the internet; give it another" (int .Values.metricsPort)) -}}
{{- end -}}
{{- if eq .Values.secretStore.serviceAccountName .Values.serviceAccount.name -}}
{{- $problems = append $problems (printf "secretStore.serviceAccountName (%s) must not be serviceAccount.name, or the pods get the role that reads secrets; give it another" .Values.serviceAccount.name) -}}
{{- end -}}
{{- with .Values.resources -}}
{{- /* https://docs.aws.amazon.com/eks/latest/userguide/fargate-pod-configuration.html */ -}}
{{- if gt (include "app.millicpus" .cpu | float64) 16000.0 -}}
{{- $problems = append $problems (printf "resources.cpu (%s) must be at most 16, Fargate's largest" .cpu) -}}
{{- end -}}
{{- if gt (include "app.mebibytes" .memory | float64) 122624.0 -}}
{{- $problems = append $problems (printf "resources.memory (%s) must be at most 122624Mi, which with Fargate's own 256Mi is its largest, 120 GB" .memory) -}}
{{- end -}}
{{- end -}}
{{- if and $ingress.accessLogs.prefix (not $ingress.accessLogs.bucket) -}}
{{- $problems = append $problems (printf "ingress.accessLogs.prefix (%s) must come with ingress.accessLogs.bucket; name the bucket or remove the prefix" $ingress.accessLogs.prefix) -}}
{{- end -}}
{{- if and $ingress.certificateArn (ne $ingress.wafAclArn "none") $ingress.wafAclArn -}}
{{- $acl := splitList ":" $ingress.wafAclArn -}}
{{- $certificate := splitList ":" $ingress.certificateArn -}}
{{- if ne (index $acl 3) (index $certificate 3) -}}
{{- $problems = append $problems (printf "ingress.wafAclArn must be in %s, the load balancer's region and its certificate's, is in %s" (index $certificate 3) (index $acl 3)) -}}
{{- end -}}
{{- if ne (index $acl 4) (index $certificate 4) -}}
{{- $problems = append $problems (printf "ingress.wafAclArn must be in account %s, the load balancer's and its certificate's, is in %s" (index $certificate 4) (index $acl 4)) -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (join "\n" $problems) -}}
{{- end -}}
{{- end -}}
