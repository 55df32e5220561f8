@service_coordination @gate @exclusive
Feature: Services discover new and lost instances
  Segment:          Platform
  Business goal:    Add and replace machines during working hours
  Value impact:     Customers' work goes to the machines that are available, and to no others
  Strategic impact: Capacity follows demand without maintenance windows

  @CSC-03 @segment.platform
  @needs.operator @needs.own_services
  Rule: New instances are discovered and lost ones removed, without restarting a service

    Scenario: A second instance is found after it starts
      Given Acme is an Enterprise customer
      When the second tools instance starts
      Then the operator finds both tools instances in time
      And Acme's next job runs on both tools instances
      And no other service was restarted

    Scenario: A crashed instance is no longer used
      Given Acme is a Mid customer
      And two tools instances work for Acme
      When the second tools instance crashes
      Then the operator finds only the first tools instance in time
      And Acme's next job runs on only the first tools instance
      And no other service was restarted

    Scenario: An instance that shuts down is removed immediately
      Given Acme is an Early customer
      And two tools instances work for Acme
      When the second tools instance shuts down
      Then the operator immediately finds only the first tools instance
      And Acme's next job runs on only the first tools instance
      And no other service was restarted

    Scenario: Work follows an instance that has moved
      Given Acme is a Mid customer
      And two tools instances work for Acme
      When the second tools instance is started again at another address
      Then Acme's next job runs on both tools instances
      And no other service was restarted

    Scenario: Instances without work stay registered
      Given Acme is an Early customer
      And two tools instances work for Acme
      When nobody has any work for them for a while
      Then the operator has always found both tools instances
      And Acme's next job runs on both tools instances

    Scenario: Instances are found again after the register could not be reached
      Given Acme is an Enterprise customer
      And two tools instances work for Acme
      When no instance can reach the register for a while
      Then the operator finds both tools instances in time
      And Acme's next job runs on both tools instances
