"""Published figures belong to a series. They are derived: `load_published` and the imports write them again.

A day's views of each job, beside it.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('boards', '0002_tiers'),
        ('catalog', '0003_known_from'),
    ]

    operations = [
        migrations.DeleteModel(name='PublishedFigure'),
        migrations.CreateModel(
            name='JobViews',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('task', models.CharField(max_length=100)),
                ('dataset', models.CharField(max_length=100)),
                ('model', models.CharField(max_length=150)),
                ('views', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name_plural': 'job views',
                'constraints': [models.UniqueConstraint(fields=('day', 'task', 'dataset', 'model'), name='job_views_day_job')],
            },
        ),
        migrations.CreateModel(
            name='PublishedSeries',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=100, unique=True)),
                ('title', models.CharField(max_length=200)),
                ('scope', models.CharField(max_length=20)),
                ('source', models.CharField(max_length=500)),
                ('licence', models.CharField(max_length=200)),
                ('url', models.CharField(blank=True, max_length=500)),
                ('hardware_note', models.CharField(blank=True, max_length=1000)),
                ('digest', models.CharField(max_length=71)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('imported_at', models.DateTimeField()),
                ('left_out', models.JSONField(default=list)),
            ],
            options={
                'verbose_name_plural': 'published series',
                'ordering': ['slug'],
            },
        ),
        migrations.CreateModel(
            name='PublishedFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stratum', models.CharField(blank=True, default='', max_length=200)),
                ('energy_kwh_per_1000', models.FloatField()),
                ('low_kwh_per_1000', models.FloatField(null=True)),
                ('high_kwh_per_1000', models.FloatField(null=True)),
                ('std_kwh_per_1000', models.FloatField(null=True)),
                ('gpu_kwh_per_1000', models.FloatField(null=True)),
                ('cpu_kwh_per_1000', models.FloatField(null=True)),
                ('ram_kwh_per_1000', models.FloatField(null=True)),
                ('duration_s', models.FloatField(null=True)),
                ('not_known', models.JSONField(default=dict)),
                ('n_runs', models.PositiveIntegerField()),
                ('quality', models.JSONField(default=list)),
                ('source', models.CharField(max_length=500)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('dataset', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='published_figures', to='catalog.dataset')),
                ('hardware_class', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='published_figures', to='catalog.hardwareclass')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='published_figures', to='catalog.aimodel')),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='published_figures', to='catalog.task')),
                ('series', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='figures', to='boards.publishedseries')),
            ],
            options={
                'ordering': ['energy_kwh_per_1000', 'id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('dataset__isnull', False)), fields=('series', 'task', 'dataset', 'model', 'hardware_class', 'stratum'), name='published_dataset_model'), models.UniqueConstraint(condition=models.Q(('dataset__isnull', True)), fields=('series', 'task', 'model', 'hardware_class', 'stratum'), name='published_task_model'), models.CheckConstraint(condition=models.Q(('energy_kwh_per_1000__gt', 0)), name='published_energy_positive'), models.CheckConstraint(condition=models.Q(('n_runs__gt', 0)), name='published_runs_positive')],
            },
        ),
    ]
