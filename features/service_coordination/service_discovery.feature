@service_coordination @gate @exclusive
Feature: Services find each other
  Segment:          Platform
  Business goal:    Add and lose machines in the middle of the day
  Value impact:     Customers' work goes to the machines that are there, and to no others
  Strategic impact: Capacity follows demand, without a night of maintenance

  @CSC-03 @segment.platform
  Rule: An instance that has started is found, and one that is gone is forgotten, without restarting anyone

    Scenario: A second instance is found after its start
      Given Acme is an Enterprise customer
      When a second tools instance is started
      Then the operator finds both tools instances in time
      And Acme's next job is carried out by both
      And no other service was restarted

    Scenario: An instance that has crashed is forgotten
      Given Acme is a Mid customer
      And two tools instances are at work
      When the second tools instance crashes
      Then the operator finds only the first tools instance in time
      And Acme's next job is carried out by the first alone
      And no other service was restarted

    Scenario: An instance that is stopped in order is forgotten at once
      Given Acme is an Early customer
      And two tools instances are at work
      When the second tools instance is stopped in order
      Then the operator finds only the first tools instance at once
      And Acme's next job is carried out by the first alone
