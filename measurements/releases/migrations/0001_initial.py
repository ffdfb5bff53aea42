# Releases, and the ranges of the log that are written.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('ledger', '0014_releases'),
    ]

    operations = [
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=16, unique=True)),
                ('made_at', models.DateTimeField()),
                ('tree_size', models.BigIntegerField()),
                ('root_hash', models.CharField(max_length=64)),
                ('manifest_sha256', models.CharField(max_length=64, unique=True)),
                ('n_results', models.PositiveBigIntegerField()),
                ('n_rows', models.PositiveBigIntegerField()),
                ('n_files', models.PositiveIntegerField()),
                ('total_bytes', models.PositiveBigIntegerField()),
                ('new_bytes', models.PositiveBigIntegerField()),
                ('published_at', models.DateTimeField(null=True)),
                ('leaf', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to='ledger.leaf')),
            ],
            options={
                'ordering': ['-made_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='WrittenRange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.BigIntegerField()),
                ('end', models.BigIntegerField()),
                ('derivation', models.CharField(max_length=40)),
                ('files', models.JSONField()),
                ('written_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['start'],
                'constraints': [models.UniqueConstraint(fields=('start', 'end', 'derivation'), name='written_range_once')],
            },
        ),
    ]
