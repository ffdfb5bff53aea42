"""Endpoints, events, deliveries, and how far events were read."""

import django.db.models.deletion
from django.db import migrations, models

KINDS = [
    ("result.judged", "A result got a verdict"),
    ("cell.moved", "A value of a board changed, came or went"),
    ("release.published", "A release was published"),
    ("checkpoint.signed", "The log has a new checkpoint"),
    ("ping", "An operator tries the endpoint"),
]
OUTCOMES = [("waiting", "Waiting"), ("delivered", "Delivered"), ("given-up", "Given Up")]
ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="EventCursor",
            fields=[
                ("source", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", ID.clone()),
                ("address", models.CharField(max_length=500)),
                ("kinds", models.JSONField(default=list)),
                ("owner", models.EmailField(blank=True, default="", max_length=254)),
                ("secret", models.CharField(max_length=120)),
                ("former_secret", models.CharField(blank=True, default="", max_length=120)),
                ("former_until", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("failures", models.PositiveIntegerField(default=0)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("resume_at", models.DateTimeField(blank=True, null=True)),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
                ("disabled_why", models.TextField(blank=True, default="")),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                ("id", ID.clone()),
                ("message_id", models.CharField(max_length=40, unique=True)),
                ("kind", models.CharField(choices=KINDS, max_length=30)),
                ("subject", models.CharField(max_length=200)),
                ("body", models.TextField()),
                ("happened_at", models.DateTimeField()),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", ID.clone()),
                ("outcome", models.CharField(choices=OUTCOMES, default="waiting", max_length=10)),
                ("n_attempts", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField()),
                ("tried_at", models.DateTimeField(null=True)),
                ("last_status", models.PositiveIntegerField(null=True)),
                ("last_fault", models.TextField(default="")),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="webhooks.webhookendpoint",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="webhooks.webhookevent",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("outcome", "waiting")),
                        fields=["next_at"],
                        name="webhook_delivery_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("endpoint", "event"), name="webhook_delivery_once")
                ],
            },
        ),
    ]
