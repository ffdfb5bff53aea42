"""Findings become text: PostgreSQL's own JSON type gives other digits back than the log has hashed."""

from django.db import migrations

import measurements.review.exact_json


class Migration(migrations.Migration):
    dependencies = [("review", "0007_window_uncertainty")]
    operations = [
        migrations.AlterField(
            model_name="verdict",
            name="findings",
            field=measurements.review.exact_json.ExactJSONField(default=list),
        ),
    ]
