# The kind of entry that a release is.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0013_witness_states'),
    ]

    operations = [
        migrations.AlterField(
            model_name='leaf',
            name='kind',
            field=models.CharField(choices=[('key-enrolled', 'Key Enrolled'), ('key-rotated', 'Key Rotated'), ('key-revoked', 'Key Revoked'), ('run-started', 'Run Started'), ('result-received', 'Result Received'), ('verdict', 'Verdict'), ('moderation', 'Moderation'), ('withdrawal', 'Withdrawal'), ('appeal', 'Appeal'), ('name-decision', 'Name Decision'), ('suite-pinned', 'Suite Pinned'), ('log-resumed', 'Log Resumed'), ('release', 'Release')], max_length=20),
        ),
    ]
